//! The Decision ConvFormer: trajectory card, section 3.2.
//!
//! For the last prediction alone each block computes the latest tokens that the blocks after it see.

use super::builder::{Builder, Reach};
use super::definition::Value;
use super::rows::Tokens;
use crate::trajectory::operations::Unit;

pub(super) fn write(b: &mut Builder<'_>) -> Value {
    let config = b.config;
    let x = b.embedding();
    let needed = |blocks: usize| Tokens::Tail(1 + blocks * (config.window - 1));
    let x = match b.reach {
        Reach::All => x,
        Reach::Last => b.gather(x, needed(config.layers)),
    };
    let mut x = b.norm(x, "embed_ln");
    if b.reach == Reach::All && config.dropout > 0.0 {
        x = b.dropped(x, config.dropout);
    }
    for block in 0..config.layers {
        let name = |part: &str| format!("transformer.h.{block}.{part}");
        let after = config.layers - block - 1;
        let tokens = match (b.reach, after) {
            (Reach::All, 0) => Tokens::States,
            (Reach::All, _) => Tokens::All,
            (Reach::Last, 0) => Tokens::Last,
            (Reach::Last, _) => needed(after),
        };
        let u = b.norm(x, &name("ln_1"));
        let c = b.convolution(u, block, tokens);
        x = b.gather(x, tokens);
        x = b.residual(x, c, 0.0);
        let u = b.norm(x, &name("ln_2"));
        let units = b.linear(u, &name("mlp.0"), false, Unit::Gelu { block, rate: 0.0 });
        let fed = b.linear(units, &name("mlp.2"), false, Unit::Plain);
        x = b.residual(x, fed, config.dropout);
        b.tap(x, units);
    }
    let y = b.norm(x, "transformer.ln_f");
    b.linear(y, "predict_action.0", false, Unit::Tanh)
}
