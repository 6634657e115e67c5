//! Letters that go no further than this machine, where people who develop read them.

use super::{CourierError, Letter};
use crate::config::Settings;
use crate::profile::Contact;
use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use serde_json::json;
use url::{Host, Url};

/// An HTTP endpoint that takes letters as JSON: `{"to", "channel", "code", "subject", "body"}`, `code` and `subject`
/// `null` where there is none.
///
/// Status 2xx: taken; 429: too many; any other 4xx: refused for good; anything else: failed.
#[derive(Clone)]
pub(super) struct Outbox {
    connector: SharedHttpConnector,
    url: String,
}

impl Outbox {
    /// Reads `OUTBOX_URL`.
    pub(super) fn configure(settings: &mut Settings) -> Self {
        let url = settings.required("OUTBOX_URL");
        if !url.is_empty() && !is_of_this_machine(&url) {
            settings.fault("OUTBOX_URL", "must be an http URL of this machine");
        }
        Self { connector: SharedHttpConnector::new(Connector::builder().build_http()), url }
    }

    pub(super) async fn send(&self, letter: &Letter, subject: &str) -> Result<(), CourierError> {
        let (channel, subject) = match letter.contact() {
            Contact::Phone => ("sms", None),
            Contact::Email => ("email", Some(subject)),
        };
        let body = json!({
            "to": letter.to(),
            "channel": channel,
            "code": letter.code_in_it(),
            "subject": subject,
            "body": letter.body(),
        });
        let mut request = HttpRequest::new(SdkBody::from(body.to_string()));
        request.set_method("POST").map_err(|_| CourierError::Unavailable)?;
        request.set_uri(self.url.as_str()).map_err(|_| CourierError::Unavailable)?;
        request.headers_mut().insert("content-type", "application/json");
        let answer = self.connector.call(request).await.map_err(|_| CourierError::Unavailable)?;
        match answer.status().as_u16() {
            200..=299 => Ok(()),
            429 => Err(CourierError::Throttled),
            400..=499 => Err(CourierError::Rejected),
            _ => Err(CourierError::Unavailable),
        }
    }
}

fn is_of_this_machine(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| {
        let here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        url.scheme() == "http" && here
    })
}
