//! Behaviour cloning: a perceptron from the latest states to the action.

use super::builder::{Builder, Reach};
use super::definition::Value;
use super::rows::Tokens;
use crate::trajectory::operations::Unit;

pub(super) fn write(b: &mut Builder<'_>) -> Value {
    let config = b.config;
    let tokens = match b.reach {
        Reach::All => Tokens::States,
        Reach::Last => Tokens::Last,
    };
    let mut x = b.given(tokens, config.cloned_states);
    for block in 0..config.layers {
        let rate = config.dropout;
        let unit = Unit::Relu { block, rate };
        x = b.linear(x, &format!("model.{}", 3 * block), false, unit);
        b.tap(x, x);
    }
    b.linear(
        x,
        &format!("model.{}", 3 * config.layers),
        false,
        Unit::Tanh,
    )
}
