//! What a model begins as.

use std::path::PathBuf;

use crate::schema::diagnostics::{Problem, ProblemKind};
use crate::schema::paths::PathKind;
use crate::schema::reader::TableReader;
use crate::schema::values::choice;

/// Largest sizes that can be asked for.
const MOST: u32 = 1 << 20;

choice! {
    /// What the tokens of a new vocabulary lie within.
    pub enum TokensWithin {
        /// A word with the space before it.
        Words = "words",
        /// A part of a sentence, so that a token may be several words.
        Phrases = "phrases",
    }
}

/// What a model begins as.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelStart {
    /// A new one, with random weights and a tokenizer of its own.
    New(NewModelSpec),
    /// The one of a folder, with its tokenizer.
    From(PathBuf),
}

/// The sizes of a new model, of the architecture of Llama.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewModelSpec {
    /// Tokens of the vocabulary, at least 260: bytes, special tokens and the commonest parts of
    /// words of the data.
    pub vocabulary: u32,
    /// What a token lies within.
    pub tokens: TokensWithin,
    /// Layers.
    pub layers: u32,
    /// Width of the residual stream.
    pub hidden: u32,
    /// Attention heads, which divide `hidden`.
    pub heads: u32,
    /// Heads of keys and values, which divide `heads`.
    pub kv_heads: u32,
    /// Width of the feed-forward part.
    pub intermediate: u32,
    /// Most tokens of a conversation.
    pub context: u32,
}

pub(super) fn read_start(mut table: TableReader<'_>) -> Option<ModelStart> {
    let sizes = [
        "vocabulary",
        "tokens",
        "layers",
        "hidden",
        "heads",
        "kv_heads",
        "intermediate",
        "context",
    ];
    if table.entry("base").is_some() {
        for key in sizes {
            if let Some(place) = table.place_of(key) {
                let message = format!("`{}` is beside `base`", table.name(key));
                let problem = Problem::at(place, ProblemKind::Conflict, message, "the base has it");
                table.note(problem.help("a model that goes on has the sizes of its base"));
            }
        }
        let base = table.path("base", PathKind::Folder);
        for key in sizes {
            table.entry(key);
        }
        table.finish();
        return base.map(ModelStart::From);
    }
    let hidden = table.small("hidden", 2, MOST, 192);
    let heads = table.small("heads", 1, MOST, 4);
    let new = NewModelSpec {
        vocabulary: table.small("vocabulary", 260, MOST, 2048),
        tokens: table.choice("tokens").unwrap_or(TokensWithin::Words),
        layers: table.small("layers", 1, MOST, 4),
        hidden,
        heads,
        kv_heads: table.small("kv_heads", 1, MOST, heads),
        intermediate: table.small("intermediate", 1, MOST, (8 * hidden).div_ceil(3)),
        context: table.small("context", 8, MOST, 1024),
    };
    for (key, of, divides) in [
        ("heads", "hidden", hidden.is_multiple_of(2 * heads)),
        ("kv_heads", "heads", heads.is_multiple_of(new.kv_heads)),
    ] {
        if divides {
            continue;
        }
        let message = match key {
            "heads" => {
                "`heads`: expected a number that divides `hidden` into even parts".to_owned()
            }
            _ => format!("`{key}`: expected a number that divides `{of}`"),
        };
        let place = table.place_of(key).or_else(|| table.place_of(of));
        if let Some(place) = place {
            table.note(Problem::at(
                place,
                ProblemKind::OutOfRange,
                message,
                "does not divide it",
            ));
        }
    }
    table.finish();
    Some(ModelStart::New(new))
}
