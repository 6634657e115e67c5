//! What the tests stand on: a stack over the embedded DynamoDB with a clock and randomness of the test's own.
//!
//! | module | what it is |
//! |---|---|
//! | [`service`] | what a caller, and an operator with the table, sees of a stack |
//! | [`stage`] | where contracts' cases are played: a world, or the stack that `PROFILE_STACK` names |
//! | [`world`] | one table and all endpoints in this process, time and faults in the test's hand |
//! | `database` | a world's table: in an embedded engine, or in the one that `DYNAMODB_ENDPOINT` names |
//! | [`deployed`] | a stack at a URL, in the same words as a world |
//! | [`keys`] | the issuers' keys |
//! | [`endpoints`] | every endpoint at its route of the template |
//! | [`canaries`] | what went in, and must come out nowhere but where it belongs |
//! | [`request`] | a request as API Gateway hands it over |
//! | [`wire`] | a proxy before the database that counts calls and spoils some: [`Fault`] says how |
//! | [`actions`] | what functions ask of AWS, in IAM's words |
//! | [`bus`] | a stand-in for EventBridge and SQS that fails on demand |
//! | [`mailbox`] | where letters arrive |
//! | [`carrier`] | a stand-in for SES, SNS or Secrets Manager that answers as told |
//! | [`spent`] | what requests cost |
//! | [`stream`] | the table's stream, and the function behind it |
//! | [`inbox`] | other systems' sync requests |
//! | [`kills`] | both event functions killed while profiles change, and what must come out all the same |
//! | [`crashes`] | processes of a stack killed under load, and what must be there all the same |
//! | [`disk`] | a disk that runs full under a stack |
//! | [`load`] | load on a stack that runs as a process of its own |
//! | [`soak`] | that load for a long time |
//! | [`denial`] | requests that are meant to wear the service out, and what they cost it |
//! | [`journal`] | the log lines of invocations |
//! | [`rigged`] | time and randomness in the test's hand |
//! | [`fuzz`] | what reads bytes that somebody else wrote, and what must hold of it whatever they are |
//! | [`openapi`] | the contracts' documents, what they have for examples, and whether they are kept |

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a harness that cannot go on should say so and stop"
)]

pub mod actions;
pub mod bus;
pub mod canaries;
pub mod carrier;
pub mod crashes;
mod database;
pub mod denial;
pub mod deployed;
pub mod disk;
pub mod endpoints;
pub mod fuzz;
pub mod inbox;
pub mod journal;
pub mod keys;
pub mod kills;
pub mod load;
pub mod mailbox;
pub mod openapi;
pub mod request;
pub mod rigged;
pub mod service;
pub mod soak;
pub mod spent;
pub mod stage;
pub mod stream;
pub mod wire;
pub mod world;

pub use bus::Bus;
pub use canaries::{Canaries, Place, alone};
pub use carrier::Carrier;
pub use endpoints::wrong_settings;
pub use inbox::Inbox;
pub use journal::Journal;
pub use keys::Keys;
pub use mailbox::Mailbox;
pub use request::{Reply, Request};
pub use rigged::{Dial, NOON, Sequence};
pub use service::Service;
pub use stage::Stage;
pub use stream::Follower;
pub use wire::{Fault, Wire};
pub use world::{Options, World};
