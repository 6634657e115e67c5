//! The OpenAPI documents: that they are fresh and complete, and that what they say of requests is so. That answers are as
//! they say is looked at wherever an answer comes in: see [`tests::openapi::Agreement`].

mod caller;
mod constraints;
mod documents;
mod examples;
mod gateway;
mod parameters;
