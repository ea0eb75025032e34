//! Models that speak in a scenario of any family: made from its tables, answered from recordings,
//! shared by all roles that name them.

mod answering;
mod candle;
mod cassette;
mod live;
mod openai;
mod options;
mod receiver;
mod recording;
mod speakers;

pub(crate) use answering::{answering, nobody};
#[cfg(feature = "local")]
pub(crate) use candle::with_causes;
pub use cassette::{Branching, Cassette, Outside, StandIn};
pub(crate) use live::price;
pub(crate) use options::{player_options, prompts_of, spoken_options};
pub(crate) use receiver::foreign_receivers;
pub(crate) use recording::recording;
pub(crate) use speakers::Speakers;
