//! The whole stack on one machine, as a library: the command `cargo run` and the tests are its users.
//!
//! What runs here is what is deployed: the gateway's routes, the table and the functions' environment are read from
//! `template.yaml`, and the handlers are the function binaries themselves, behind the Lambda Runtime API.
//!
//! | module | what it is |
//! |---|---|
//! | [`stack`] | everything below, started and stopped together |
//! | [`template`] | what `template.yaml` says about functions, what invokes them, table, bus and queues |
//! | [`binaries`] | the function binaries, built by a nested cargo |
//! | [`startup`] | how a start comes along |
//! | [`engine`] | the embedded DynamoDB |
//! | [`process`] | processes that die with the stack, and where their output goes |
//! | [`runtime`] | the Lambda Runtime API and the function processes behind it |
//! | [`gateway`] | the HTTP API: [`routes`], [`cors`], [`event`] in, [`answer`] out |
//! | [`stream`], [`position`] | the table's stream, and how far a function has come in it |
//! | [`bus`], [`pattern`] | the event bus and its rules |
//! | [`queues`] | the queues and their dead letters |
//! | [`services`] | bus and queues as AWS clients reach them |
//! | [`mapping`] | what invokes functions from stream and queues |
//! | [`console`] | `/_local/`: a page that shows one profile as every contract sees it |
//! | [`reference`](mod@reference) | `/docs`, `/openapi/…`: what the API is, to read and to try |
//! | `embedded` | files that are compiled in |
//! | [`loopback`] | who may look at these, and from where |
//! | [`feed`] | what happened since the start, for those who look and those who wait |
//! | [`access_log`] | `/_local/requests`: the requests that were answered |
//! | [`tap`] | `/_local/events`: a look at the bus |
//! | [`outbox`] | `/_local/outbox`: a look at what people would be sent |
//! | [`keys`] | the signing keys of the stack's own token issuers |
//! | [`users`] | users of the table, by canonical names |
//! | [`import`] | users of another table, from a file |
//! | [`demo`] | users, credentials and requests to try each contract with |
//! | [`room`] | whether the data directory can be written |
//! | [`record`] | `stack.json`: where the running stack is |
//! | [`cost`] | what the deployed stack costs a month |
//! | [`terminal`] | what a running stack shows, to a person or to a machine |
//! | [`stdout`] | the standard output of commands |
//! | [`commands`] | what the command line offers |

#![allow(clippy::print_stderr, reason = "a command speaks through its standard streams")]

pub mod access_log;
pub mod answer;
pub mod binaries;
pub mod bus;
pub mod commands;
pub mod console;
pub mod cors;
pub mod cost;
pub mod demo;
mod embedded;
pub mod engine;
pub mod event;
pub mod failure;
pub mod feed;
pub mod gateway;
pub mod import;
pub mod keys;
pub mod loopback;
pub mod mapping;
pub mod outbox;
pub mod pattern;
pub mod position;
pub mod process;
pub mod queues;
pub mod record;
pub mod reference;
pub mod room;
pub mod routes;
pub mod runtime;
pub mod services;
pub mod stack;
pub mod startup;
pub mod stdout;
pub mod stream;
pub mod tap;
pub mod template;
pub mod terminal;
pub mod users;

pub use failure::{Failure, Result};
