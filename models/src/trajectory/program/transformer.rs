//! The Decision Transformer: trajectory card, section 3.1.
//!
//! Padding is left out, which is what its mask does for the others. The last block computes queries and all that follows for the
//! tokens that are read alone.

use super::builder::{Builder, Reach};
use super::definition::Value;
use super::rows::Tokens;
use crate::trajectory::config::Activation;
use crate::trajectory::operations::{Attention, Bias, Part, Seen, Unit};

pub(super) fn write(b: &mut Builder<'_>) -> Value {
    let config = b.config;
    let h = config.hidden;
    let read = match b.reach {
        Reach::All => Tokens::States,
        Reach::Last => Tokens::Last,
    };
    let x = b.embedding();
    let x = b.norm(x, "embed_ln");
    let mut x = match b.reach {
        Reach::All if config.embedding_dropout > 0.0 => b.dropped(x, config.embedding_dropout),
        _ => x,
    };
    for block in 0..config.layers {
        let name = |part: &str| format!("transformer.h.{block}.{part}");
        let tokens = if block + 1 == config.layers {
            read
        } else {
            Tokens::All
        };
        let u = b.norm(x, &name("ln_1"));
        let attention = name("attn.c_attn");
        let (query, key, value) = if tokens == Tokens::All {
            let all = b.linear(u, &attention, true, Unit::Plain);
            (Part::at(all, 0), Part::at(all, h), Part::at(all, 2 * h))
        } else {
            let weight = b.parameter(&format!("{attention}.weight"));
            let bias = Bias::Parameter(b.parameter(&format!("{attention}.bias")));
            let asking = b.gather(u, tokens);
            let query = b.linear_part(asking, weight, bias, true, 0..h, Unit::Plain);
            let rest = b.linear_part(u, weight, bias, true, h..3 * h, Unit::Plain);
            (Part::at(query, 0), Part::at(rest, 0), Part::at(rest, h))
        };
        let heads = Attention::new(query, key, value, h, config.heads, config.dropout);
        let mixed = b.attention(heads.seeing(Seen::Earlier));
        let mixed = b.linear(mixed, &name("attn.c_proj"), true, Unit::Plain);
        x = b.gather(x, tokens);
        x = b.residual(x, mixed, config.dropout);
        let u = b.norm(x, &name("ln_2"));
        let unit = match config.activation {
            Activation::Relu => Unit::Relu { block, rate: 0.0 },
            Activation::Gelu => Unit::Gelu { block, rate: 0.0 },
        };
        let units = b.linear(u, &name("mlp.c_fc"), true, unit);
        let fed = b.linear(units, &name("mlp.c_proj"), true, Unit::Plain);
        x = b.residual(x, fed, config.dropout);
        b.tap(x, units);
    }
    let y = b.norm(x, "transformer.ln_f");
    b.linear(y, "predict_action.0", false, Unit::Tanh)
}
