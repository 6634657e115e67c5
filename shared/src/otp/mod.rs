//! One-time codes: an address counts as a user's only once they have read what was sent there.
//!
//! A challenge is a code of six digits and a token of 256 random bits. The caller gets the token, the address gets the
//! code. The table keeps the token's SHA-256 and HMACs keyed by the token: of the code, of the address, of what the
//! challenge is for and of who alone may use it. So a copied table reveals neither code nor address, and no secret has
//! to be fetched to check one.
//!
//! Every guess is counted before it is compared, by a conditional update; [`GUESSES`](crate::store::GUESSES) end a
//! challenge. What was proved is spent in the transaction that changes the profile: see
//! [`update`](crate::update::update).

mod allowance;
mod patience;
mod proof;
mod send;
mod token;
mod verify;

pub use allowance::{Allowance, SendLimit};
pub use proof::{Evidence, Proof, ProofFault};
pub(crate) use proof::{Spending, check};
pub use send::{Occasion, Policy, SendError, send};
pub use token::{Code, Token};
pub use verify::{VerifyError, verify};
