//! Where the documents are, for programs: a set of links (RFC 9264) with the relations of RFC 9727.

use super::Document;
use serde_json::json;

/// The index of these documents, with paths as the local stack serves them.
pub fn linkset<'a>(documents: impl Iterator<Item = &'a Document>) -> String {
    let described = documents.map(|document| {
        json!({
            "href": format!("/openapi/{}.json", document.contract),
            "type": "application/openapi+json;version=3.1",
            "title": document.title(),
        })
    });
    let page = json!({"href": "/docs", "type": "text/html", "title": "Reference"});
    let context =
        json!({"anchor": "/", "service-desc": described.collect::<Vec<_>>(), "service-doc": [page]});
    format!("{:#}\n", json!({"linkset": [context]}))
}
