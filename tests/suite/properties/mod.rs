//! What must hold of every change and of every profile, tried on a few hundred of each, the same ones in every run.

mod generated;
mod plan;
mod store;
