//! A request as API Gateway hands it over, and what came back.

use serde_json::{Value, json};
use shared::http::Answer;
use std::collections::BTreeMap;

/// A request being put together. Paths and parameters are what API Gateway would have decoded.
#[derive(Clone, Debug, Default)]
pub struct Request {
    route: String,
    parameters: BTreeMap<String, String>,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    body: Option<String>,
    event: Vec<(&'static str, Value)>,
}

impl Request {
    /// A request at this route key, without parameters yet: `PUT /profiles/{user_id}`.
    pub fn at(route: &str) -> Self {
        let request = Self { route: route.into(), ..Self::default() };
        request.header("content-type", "application/json")
    }

    /// AuthMS: `PUT /profiles/{user_id}`.
    pub fn put_profile(user_id: &str) -> Self {
        Self::at("PUT /profiles/{user_id}").parameter("user_id", user_id)
    }

    /// AuthMS: `DELETE /profiles/{user_id}`.
    pub fn delete_profile(user_id: &str) -> Self {
        Self::at("DELETE /profiles/{user_id}").parameter("user_id", user_id).without("content-type")
    }

    /// AuthMS: `GET /profiles/{user_id}/history`.
    pub fn get_history(user_id: &str) -> Self {
        Self::at("GET /profiles/{user_id}/history").parameter("user_id", user_id).without("content-type")
    }

    /// AuthMS: `GET /profiles/{user_id}/export`.
    pub fn export_profile(user_id: &str) -> Self {
        Self::at("GET /profiles/{user_id}/export").parameter("user_id", user_id).without("content-type")
    }

    /// CIAM: `PATCH /userinfo`.
    pub fn patch_userinfo() -> Self {
        Self::at("PATCH /userinfo")
    }

    /// CIAM: `POST /otp/send`.
    pub fn send_otp() -> Self {
        Self::at("POST /otp/send")
    }

    /// WTS: `POST /api/v3/change_profile`.
    pub fn change_profile() -> Self {
        Self::at("POST /api/v3/change_profile")
    }

    /// CloudBase: `POST /auth/v1/user/basic/edit`.
    pub fn edit_user_basic() -> Self {
        Self::at("POST /auth/v1/user/basic/edit")
    }

    /// CloudBase: `POST /auth/v1/verification`.
    pub fn send_verification() -> Self {
        Self::at("POST /auth/v1/verification")
    }

    /// CloudBase: `POST /auth/v1/verification/verify`.
    pub fn verify_code() -> Self {
        Self::at("POST /auth/v1/verification/verify")
    }

    /// System user: `POST /api/v1/system/user/{id}/update`.
    pub fn update_user(id: &str) -> Self {
        Self::at("POST /api/v1/system/user/{id}/update").parameter("id", id)
    }

    /// A request without a body at this route key.
    pub fn reading(route: &str) -> Self {
        Self { route: route.into(), ..Self::default() }
    }

    /// AuthMS: `GET /profiles/{user_id}`.
    pub fn get_profile(user_id: &str) -> Self {
        Self::reading("GET /profiles/{user_id}").parameter("user_id", user_id)
    }

    /// AuthMS: `GET /errors/{slug}`.
    pub fn describe_error(slug: &str) -> Self {
        Self::reading("GET /errors/{slug}").parameter("slug", slug)
    }

    /// CIAM: `GET /userinfo`.
    pub fn get_userinfo() -> Self {
        Self::reading("GET /userinfo")
    }

    /// WTS: `GET /api/v3/view_profile`.
    pub fn view_profile() -> Self {
        Self::reading("GET /api/v3/view_profile")
    }

    /// CloudBase: `GET /auth/v1/user/me`.
    pub fn get_user_me() -> Self {
        Self::reading("GET /auth/v1/user/me")
    }

    /// The route key.
    pub fn route(&self) -> &str {
        &self.route
    }

    /// A path parameter, decoded.
    pub fn parameter(mut self, name: &str, value: &str) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }

    /// A query parameter, decoded.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query.insert(name.into(), value.into());
        self
    }

    /// A header; replaces one of the same name.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// Without this header.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    /// `Authorization: Bearer …`.
    pub fn bearer(self, credential: &str) -> Self {
        self.header("authorization", &format!("Bearer {credential}"))
    }

    /// `Authorization: Basic …`: an application's credential as [`Service::client`](crate::Service::client) makes it.
    pub fn basic(self, credential: &str) -> Self {
        self.header("authorization", &format!("Basic {credential}"))
    }

    /// A JSON body.
    pub fn json(self, body: &Value) -> Self {
        self.body(&body.to_string())
    }

    /// A body, letter for letter.
    pub fn body(mut self, body: &str) -> Self {
        self.body = Some(body.into());
        self
    }

    /// A member of the event, named by its JSON pointer, other than it would be.
    pub fn event_member(mut self, pointer: &'static str, value: Value) -> Self {
        self.event.push((pointer, value));
        self
    }

    /// Method, and path with query, as they go over HTTP.
    pub(crate) fn over_http(&self) -> (&str, String) {
        assert!(self.event.is_empty(), "only a gateway can set {:?}", self.event);
        let (method, template) = self.route.split_once(' ').unwrap();
        let mut target = template.to_owned();
        for (name, value) in &self.parameters {
            target = target.replace(&format!("{{{name}}}"), &percent_encoded(value));
        }
        for (index, (name, value)) in self.query.iter().enumerate() {
            target.push(if index == 0 { '?' } else { '&' });
            target = target + &percent_encoded(name) + "=" + &percent_encoded(value);
        }
        (method, target)
    }

    /// The headers.
    pub(crate) const fn headers(&self) -> &BTreeMap<String, String> {
        &self.headers
    }

    /// The body, if there is one.
    pub(crate) fn text(&self) -> Option<&str> {
        self.body.as_deref()
    }

    /// The request as an event of payload format 2.0.
    pub fn event_json(&self) -> Value {
        let (method, template) = self.route.split_once(' ').unwrap();
        let fill =
            |path: String, (name, value): (&String, &String)| path.replace(&format!("{{{name}}}"), value);
        let path = self.parameters.iter().fold(template.to_owned(), fill);
        let mut event = json!({
            "version": "2.0",
            "routeKey": self.route,
            "rawPath": path,
            "rawQueryString": "",
            "headers": self.headers,
            "pathParameters": self.parameters,
            "queryStringParameters": self.query,
            "requestContext": {
                "domainName": "api.example.com",
                "requestId": "JKJaXmPLvHcESHA=",
                "stage": "$default",
                "http": {"method": method, "path": path, "sourceIp": "192.0.2.1"},
            },
            "body": self.body,
            "isBase64Encoded": false,
        });
        for (pointer, value) in &self.event {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            event.pointer_mut(parent).unwrap()[name] = value.clone();
        }
        event
    }
}

/// All but letters and digits of ASCII and `*-._` as `%XX`, good for paths and queries alike.
fn percent_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// What came back, ready to be compared as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body as JSON; a string where it is none.
    pub body: Value,
}

impl Reply {
    /// What an expected reply looks like.
    pub fn new(status: u16, headers: &[(&str, &str)], body: Value) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Self { status, headers, body }
    }

    /// An expected `application/json` reply.
    pub fn json(status: u16, body: Value) -> Self {
        Self::new(status, &[("content-type", "application/json")], body)
    }

    /// With `…` in place of the ids and random numbers that differ from run to run, where they have the form that
    /// they should have.
    pub fn masked(mut self) -> Self {
        for (member, form) in RANDOM_MEMBERS {
            if let Some(value) = self.body.get_mut(member)
                && value.as_str().is_some_and(|text| has_form(text, form))
            {
                *value = json!("…");
            }
        }
        self
    }
}

/// Members that hold something random, and their form: `x` stands for a lower-case hexadecimal digit, `9` for a
/// decimal one, `*` for up to 3 more; all else for itself. A `tid` ends in the time of [`crate::NOON`].
const RANDOM_MEMBERS: [(&str, &str); 7] = [
    ("otp_token", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    ("request_id", "req_xxxxxxxx-xxxx-4xxx-xxxx-xxxxxxxxxxxx"),
    ("trace_id", "00-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-01"),
    ("span_id", "xxxxxxxxxxxxxxxx"),
    ("tid", "999*1775217600000"),
    ("verification_id", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    (
        "verification_token",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\
         xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    ),
];

fn has_form(text: &str, form: &str) -> bool {
    if let Some((front, back)) = form.split_once('*') {
        let digits = text.strip_suffix(back).and_then(|rest| rest.get(front.len()..));
        return digits.is_some_and(|more| more.len() <= 3 && more.bytes().all(|byte| byte.is_ascii_digit()))
            && has_form(&text[..front.len()], front);
    }
    let fits = |(byte, form): (u8, u8)| match form {
        b'x' => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        b'9' => byte.is_ascii_digit(),
        other => byte == other,
    };
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits)
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        let body = serde_json::from_str(&answer.body).unwrap_or(Value::String(answer.body));
        let headers = answer.headers.into_iter().map(|(name, value)| (name.into_owned(), value)).collect();
        Self { status: answer.status_code, headers, body }
    }
}
