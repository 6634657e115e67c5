//! The local stack, tried with a function that misbehaves on demand.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say so and stop")]

mod access_log;
mod check;
mod client;
mod command;
mod console;
mod demo;
mod engine;
mod fixture;
mod gateway;
mod import;
mod mapping;
mod outbox;
mod queues;
mod reference;
mod runtime;
mod services;
mod stack;
mod tap;
mod terminal;
