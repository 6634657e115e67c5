//! The local stack, tried with a function that misbehaves on demand.

mod client;
mod command;
mod engine;
mod fixture;
mod gateway;
mod runtime;
mod stack;
