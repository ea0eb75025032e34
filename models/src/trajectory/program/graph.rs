//! The Graph Decision Transformer and the one with a second stream: trajectory card, section 3.3.

use super::builder::{Builder, Reach};
use super::definition::{Relations, Value};
use super::rows::Tokens;
use crate::trajectory::config::RelationLookup;
use crate::trajectory::operations::{Attention, Bias, Part, Seen, Unit};

/// A layer, computed for the tokens that are read after it.
fn layer(b: &mut Builder<'_>, x: Value, block: usize, tokens: Tokens) -> Value {
    let config = b.config;
    let h = config.hidden;
    let name = |part: &str| format!("layers.layers.{block}.{part}");
    let weight = b.parameter(&name("self_attn.in_proj_weight"));
    let relations = Relations {
        edges: b.parameter("embed_edges.weight"),
        weight: b.parameter(&name("self_attn.relation_in_proj.weight")),
        bias: b.parameter(&name("self_attn.relation_in_proj.bias")),
        packed_bias: b.parameter(&name("self_attn.in_proj_bias")),
        hidden: h,
        heads: config.heads,
    };
    let relations = b.relations(relations);
    // What a pair without an edge adds to query and key is part of their bias.
    let bias = Bias::Related(relations);
    let (query, key, value) = if tokens == Tokens::All {
        let all = b.linear_part(x, weight, bias, false, 0..3 * h, Unit::Plain);
        (Part::at(all, 0), Part::at(all, h), Part::at(all, 2 * h))
    } else {
        let asking = b.gather(x, tokens);
        let query = b.linear_part(asking, weight, bias, false, 0..h, Unit::Plain);
        let rest = b.linear_part(x, weight, bias, false, h..3 * h, Unit::Plain);
        (Part::at(query, 0), Part::at(rest, 0), Part::at(rest, h))
    };
    let edges = config.relation_lookup == RelationLookup::Corrected;
    let heads = Attention::new(query, key, value, h, config.heads, config.dropout);
    let mixed = b.attention(heads.seeing(Seen::Earlier).related(relations, edges));
    let mixed = b.linear(mixed, &name("self_attn.out_proj"), true, Unit::Plain);
    let x = b.gather(x, tokens);
    let x = b.residual(x, mixed, config.dropout);
    let x = b.norm(x, &name("attn_layer_norm"));
    let rate = config.dropout;
    let units = b.linear(x, &name("fc1"), true, Unit::Relu { block, rate });
    let fed = b.linear(units, &name("fc2"), true, Unit::Plain);
    let x = b.residual(x, fed, config.dropout);
    let x = b.norm(x, &name("ff_layer_norm"));
    b.tap(x, units);
    x
}

pub(super) fn write(b: &mut Builder<'_>) -> Value {
    let (read, pairs) = match b.reach {
        Reach::All => (Tokens::States, Tokens::Pairs),
        Reach::Last => (Tokens::Last, Tokens::LastPair),
    };
    let mut x = b.embedding();
    for block in 0..b.config.layers {
        let last = block + 1 == b.config.layers;
        x = layer(b, x, block, if last { pairs } else { Tokens::All });
    }
    let y = b.pairs(x, read);
    let y = b.norm(y, "embed_ln2");
    b.linear(y, "predict_action.0", false, Unit::Tanh)
}

/// With a second stream of two slots a step: the even ones begin with the state, the odd ones gather what the graph layers say
/// of the step.
pub(super) fn write_plus(b: &mut Builder<'_>) -> Value {
    let config = b.config;
    let mut x = b.embedding();
    let states = b.given(Tokens::States, 1);
    let even = b.linear(states, "layers.embed_state", false, Unit::Plain);
    let mut slots = b.temporal(even, "layers.temporal_embed");
    for block in 0..config.layers {
        let last = block + 1 == config.layers;
        x = layer(b, x, block, if last { Tokens::Pairs } else { Tokens::All });
        let y = b.pairs(x, Tokens::States);
        let y = b.norm(y, "layers.local_global_proj.0");
        let y = b.linear(y, "layers.local_global_proj.1", false, Unit::Plain);
        slots = b.slots(slots, y);
        let tokens = match (last, b.reach) {
            (true, Reach::Last) => Tokens::LastSlot,
            _ => Tokens::Slots,
        };
        slots = coarse(b, slots, block, tokens);
    }
    let y = match b.reach {
        Reach::All => b.odd(slots, Tokens::States),
        Reach::Last => slots,
    };
    let y = b.norm(y, "embed_ln2");
    b.linear(y, "predict_action.0", false, Unit::Tanh)
}

/// A block of the second stream.
fn coarse(b: &mut Builder<'_>, x: Value, block: usize, tokens: Tokens) -> Value {
    let config = b.config;
    let rate = config.dropout;
    let name = |part: &str| format!("layers.global_layers.{block}.{part}");
    let u = b.norm(x, &name("ln1"));
    let asking = b.gather(u, tokens);
    let query = b.linear(asking, &name("attn.query"), true, Unit::Plain);
    let key = b.linear(u, &name("attn.key"), true, Unit::Plain);
    let value = b.linear(u, &name("attn.value"), true, Unit::Plain);
    let [query, key, value] = [query, key, value].map(|part| Part::at(part, 0));
    let heads = Attention::new(query, key, value, 2 * config.hidden, config.heads, rate);
    let mixed = b.attention(heads.seeing(Seen::Step));
    let mixed = b.linear(mixed, &name("attn.proj"), true, Unit::Plain);
    let x = b.gather(x, tokens);
    let x = b.residual(x, mixed, rate);
    let u = b.norm(x, &name("ln2"));
    let units = b.linear(u, &name("mlp.0"), true, Unit::PlainGelu);
    let fed = b.linear(units, &name("mlp.2"), true, Unit::Plain);
    b.residual(x, fed, rate)
}
