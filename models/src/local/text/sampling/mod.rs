//! The next token from logits.
//!
//! [`Sampling`] says how to draw, a [`TokenMask`] what may be drawn, [`Seen`] what the reply holds
//! already. A [`Sampler`] draws: bias and mask, penalties, temperature, top-k, top-p, min-p, in
//! this order. A draw depends on its [`DrawKey`] and the number of the token only, never on other
//! requests or on earlier draws.

mod cut;
mod draw;
mod error;
mod mask;
mod sampler;
mod seen;
mod settings;
mod sums;

pub use draw::DrawKey;
pub use error::{SampleError, SamplingError};
pub use mask::TokenMask;
pub use sampler::{Sampled, Sampler, Step};
pub use seen::Seen;
pub use settings::Sampling;
