//! What all endpoints share: one profile, one store, one pipeline.
//!
//! | module | what lives there | may import |
//! |---|---|---|
//! | [`clock`], [`entropy`] | time and randomness, as parameters | nothing |
//! | [`tongue`] | the languages of texts for people | nothing |
//! | [`validation`] | value types with their rules | `entropy` |
//! | [`profile`] | the profile, a patch, and the pure plan of a change | `clock`, `validation` |
//! | [`auth`] | tokens, issuers, API keys, applications | `clock`, `validation` |
//! | [`store`] | the table; the only place that knows DynamoDB | `profile`, `auth` |
//! | [`export`] | everything that is stored about a user, as one document | `store` |
//! | [`config`] | settings | `auth` |
//! | [`sdk`] | settings of AWS clients | `config` |
//! | [`telemetry`] | log lines and metrics | `config`, `store` |
//! | [`courier`] | letters to people: codes, and word that a contact changed | `config`, `profile`, `tongue` |
//! | [`otp`] | one-time codes: sent, guessed, spent | `store`, `config` |
//! | [`update`] | the use case: plan, commit, plan again after a lost race | `otp` |
//! | [`events`] | changes out, other systems' changes in | `update`, `courier` |
//! | [`schema`] | attributes that a stack defines for itself | `config`, `validation` |
//! | [`ground`] | what a function is given in INIT | `telemetry` |
//! | [`trigger`] | functions that no HTTP request invokes | `ground`, `config` |
//! | [`http`] | contract trait and request pipeline | all above |
//! | [`bootstrap`] | INIT of a Lambda function | all above |
//!
//! Who may import a module may import what that one may. A test reads this table and holds the code against it.

pub mod auth;
pub mod bootstrap;
pub mod clock;
pub mod config;
pub mod courier;
pub mod entropy;
pub mod events;
pub mod export;
pub mod ground;
pub mod http;
pub mod otp;
pub mod profile;
pub mod schema;
pub mod sdk;
pub mod store;
pub mod telemetry;
pub mod tongue;
pub mod trigger;
pub mod update;
pub mod validation;
