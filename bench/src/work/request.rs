//! Requests as API Gateway hands them over, made from the sample events.

use crate::bed::Bed;
use local::failure::{Failure, Result};
use serde_json::{Value as Json, json};

/// The event of an HTTP request.
#[derive(Clone)]
pub struct Request(Json);

impl Request {
    /// A sample event, with the demo's credentials filled in.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn sample(bed: &Bed, function: &str, case: &str) -> Result<Self> {
        bed.sample(function, case).map(Self)
    }

    /// With this header, in place of one of the same name.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.0["headers"][name] = value.into();
        self
    }

    /// With a token or a key.
    pub fn bearer(self, credential: &str) -> Self {
        self.header("authorization", &format!("Bearer {credential}"))
    }

    /// With this body, in place of the sample's.
    pub fn body(mut self, body: &Json) -> Self {
        let body = body.to_string();
        self.0["headers"]["content-length"] = body.len().to_string().into();
        self.0["body"] = body.into();
        self
    }

    /// With another value of a path's parameter.
    ///
    /// # Errors
    /// When the sample's path has no such parameter.
    pub fn at(mut self, parameter: &str, value: &str) -> Result<Self> {
        let is_missing = || Failure::new(format!("the sample's path has no parameter {parameter}"));
        let path = self.0["rawPath"].as_str().ok_or_else(is_missing)?;
        let old = self.0["pathParameters"][parameter].as_str().ok_or_else(is_missing)?;
        let path = Json::from(path.replace(old, value));
        self.0["pathParameters"][parameter] = value.into();
        self.0["requestContext"]["http"]["path"] = path.clone();
        self.0["rawPath"] = path;
        Ok(self)
    }

    /// With this one query parameter; its value needs no escape.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.0["rawQueryString"] = format!("{name}={value}").into();
        self.0["queryStringParameters"] = json!({name: value});
        self
    }

    /// The event's text.
    pub fn event(&self) -> String {
        self.0.to_string()
    }
}
