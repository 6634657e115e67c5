//! `GET /errors/{slug}`: what a problem's `type` leads to, a page about that problem type, made from the catalogue.

use crate::AuthMs;
use crate::accept::Form;
use crate::problem::{CATALOGUE, Kind, PAGE_NOT_FOUND, unprovoked};
use serde::Serialize;
use shared::config::Settings;
use shared::ground::Ground;
use shared::http::{Answer, Anyone, Call, Endpoint, Served};
use shared::store::ProfileStore;
use shared::tongue::Tongue;
use shared::update::UpdateError;

/// `GET /errors/{slug}`: the page about a problem type, for anybody.
pub struct DescribeError;

impl Endpoint for DescribeError {
    type Contract = AuthMs;
    type Caller = Anyone;
    const NAME: &'static str = "describe-error";
    const USES_STORE: bool = false;

    fn configure(_: &mut Settings, _: &Ground) -> Self {
        Self
    }

    async fn serve(&self, call: &Call, _: &ProfileStore, _: Anyone) -> Result<Served, UpdateError> {
        let slug = call.event.path_parameters.get("slug").map(String::as_str).unwrap_or_default();
        Ok(match CATALOGUE.iter().find(|kind| kind.slug == slug) {
            Some(kind) => Served { answer: known(call, kind), outcome: "read" },
            None => Served { answer: unknown(call), outcome: "no_such_page" },
        })
    }
}

/// Pages change with deployments only.
const CACHEABLE: &str = "public, max-age=3600";

/// Nothing but the page's own style sheet, which it names by its hash. Nobody may frame it.
const POLICY: &str = "default-src 'none'; style-src 'sha256-Nt7ZjT53EykVGlmMiI753sLgBFkxBIVkfa8jMdQWpwo='; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The style sheet: readable, in the reader's own font and colours, dark or light.
const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--ground:#fff;--mark:#0a5dc2}\
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9da7b3;--line:#30363d;--ground:#0d1117;--mark:#6cb6ff}}\
body{margin:0;background:var(--ground);color:var(--ink);font:1.0625rem/1.6 system-ui,sans-serif}\
main{max-width:40rem;margin:0 auto;padding:12vh 1.5rem 4rem}\
.status{margin:0;color:var(--mark);font-size:1rem;font-weight:600;letter-spacing:.06em}\
h1{margin:.2rem 0 1rem;font-size:2rem;line-height:1.2}\
h2{margin:2rem 0 .4rem;font-size:1.0625rem}\
p{margin:.4rem 0}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.4rem 1.5rem;margin:2.5rem 0 0;padding-top:1.5rem;\
border-top:1px solid var(--line);font-size:.9375rem}\
dt{color:var(--soft)}\
dd{margin:0;overflow-wrap:anywhere}\
code{font:.9em ui-monospace,monospace}";

#[derive(Serialize)]
struct Description<'a> {
    r#type: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    remedy: &'a str,
    code: u32,
    i18n_key: &'a str,
}

/// 200 with the page about a problem type.
fn known(call: &Call, kind: &Kind) -> Answer {
    page(call, 200, kind).with("cache-control", CACHEABLE)
}

/// 404: no problem type has the name that the path gives. To whoever does not ask for HTML it is a problem like any
/// other.
fn unknown(call: &Call) -> Answer {
    match form(call) {
        Form::Html => page(call, 404, &PAGE_NOT_FOUND),
        Form::Json => unprovoked(call, &PAGE_NOT_FOUND).with("vary", VARY),
    }
}

/// What a page depends on besides its address.
const VARY: &str = "Accept, Accept-Language";

fn form(call: &Call) -> Form {
    Form::negotiated(call.event.header("accept"))
}

fn page(call: &Call, status: u16, kind: &Kind) -> Answer {
    let tongue = Tongue::negotiated(call.event.header("accept-language"));
    let address = kind.address(call);
    let description = Description {
        r#type: &address,
        title: tongue.of(kind.title, kind.title_zh),
        status: kind.status,
        detail: tongue.of(kind.detail, kind.detail_zh),
        remedy: tongue.of(kind.remedy, kind.remedy_zh),
        code: kind.code,
        i18n_key: kind.i18n_key,
    };
    let answer = match form(call) {
        Form::Json => Answer::json(status, &description),
        Form::Html => Answer::text(status, "text/html; charset=utf-8", html(&description, tongue))
            .with("content-security-policy", POLICY)
            .with("referrer-policy", "no-referrer"),
    };
    answer.with("content-language", tongue.tag()).with("vary", VARY).with("x-content-type-options", "nosniff")
}

fn html(description: &Description<'_>, tongue: Tongue) -> String {
    let Description { r#type, title, status, detail, remedy, code, i18n_key } = description;
    let [address, title, detail, remedy] = [r#type, title, detail, remedy].map(|text| escaped(text));
    let lang = tongue.of("en", "zh-CN");
    let what_to_do = tongue.of("What to do", "如何处理");
    let [kind, http, number, key] = [
        tongue.of("Problem type", "错误类型"),
        tongue.of("HTTP status", "HTTP 状态码"),
        tongue.of("Code", "错误码"),
        tongue.of("Translation key", "翻译键"),
    ];
    format!(
        "<!DOCTYPE html>\n\
         <html lang=\"{lang}\">\n\
         <head>\n\
         <meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} ({status})</title>\n\
         <style>{STYLE}</style>\n\
         </head>\n\
         <body>\n\
         <main>\n\
         <p class=\"status\">{status}</p>\n\
         <h1>{title}</h1>\n\
         <p>{detail}</p>\n\
         <h2>{what_to_do}</h2>\n\
         <p>{remedy}</p>\n\
         <dl>\n\
         <dt>{kind}</dt><dd><code>{address}</code></dd>\n\
         <dt>{http}</dt><dd>{status}</dd>\n\
         <dt>{number}</dt><dd>{code}</dd>\n\
         <dt>{key}</dt><dd><code>{i18n_key}</code></dd>\n\
         </dl>\n\
         </main>\n\
         </body>\n\
         </html>\n"
    )
}

/// Text as HTML shows it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
