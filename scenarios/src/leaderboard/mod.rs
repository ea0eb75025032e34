//! Finished runs ranked: only those that can be compared, with the ranks that cannot be told
//! apart, and accuracy against cost.

mod cost;
mod markdown;
mod pareto;
mod ranks;
mod standings;

pub use cost::{TOKENS, choose_cost};
pub use markdown::standings_markdown;
pub use pareto::front;
pub use ranks::rank_ranges;
pub use standings::{Apart, Standing, Standings, rank_sides};
