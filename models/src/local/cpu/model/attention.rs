//! Attention of all rows of a pass.

use super::chunks::Span;
use crate::kernels::{Level, Shared, Threads};
use crate::local::cpu::cache::KvCache;
use crate::local::cpu::kernels::{Attention, QUERIES, QueryRow, attend};
use crate::local::transformer::TransformerConfig;

/// Tokens of a chunk that make one piece of work.
const PIECE: usize = 32;

/// Some tokens of a chunk, for one head of keys and values.
struct Piece {
    span: Span,
    head: usize,
    first: usize,
    count: usize,
}

/// Computes the attended values of each row: `[rows, heads * head_dim]`.
///
/// # Shapes
/// `qkv`: `[rows, (heads + 2 kv_heads) * head_dim]`; keys and values are read from the cache.
pub(super) fn attend_chunks(
    config: &TransformerConfig,
    layer: usize,
    cache: &KvCache,
    spans: &[Span],
    qkv: &[f32],
    out: &mut [f32],
    level: Level,
    threads: &Threads,
) {
    let dim = config.head_dim;
    let group = config.heads / config.kv_heads;
    let qkv_width = (config.heads + 2 * config.kv_heads) * dim;
    let out_width = config.heads * dim;
    let rows = spans.iter().map(|span| span.count).sum::<usize>();
    assert_eq!(qkv.len(), rows * qkv_width, "the width of the projections");
    assert_eq!(out.len(), rows * out_width, "the width of the heads");
    let attention = Attention {
        head_dim: dim,
        scale: config.attention_scale as f32,
        softcap: config.attention_softcap.map(|cap| cap as f32),
    };
    let window = config.window_of(layer);
    // One head after the other: sequences that share a prefix find its keys in the processor's cache.
    let mut pieces = Vec::new();
    for head in 0..config.kv_heads {
        for span in spans {
            for first in (0..span.count).step_by(PIECE) {
                let count = PIECE.min(span.count - first);
                let span = *span;
                pieces.push(Piece {
                    span,
                    head,
                    first,
                    count,
                });
            }
        }
    }
    let to = Shared::new(out);
    threads.for_each(pieces.len(), |index| {
        let piece = &pieces[index];
        let span = &piece.span;
        let start = span.start + piece.first;
        let blocks = cache.blocks(span.sequence).unwrap_or_default();
        let (mut scratch, mut stretches) = (Vec::new(), Vec::new());
        let last = start + piece.count - 1;
        cache.stretches(
            layer,
            blocks,
            piece.head,
            last,
            &mut scratch,
            &mut stretches,
        );
        let mut tile = Vec::with_capacity(QUERIES);
        let mut scores = Vec::new();
        for i in 0..piece.count * group {
            let position = start + i / group;
            let row = span.row + piece.first + i / group;
            let head = piece.head * group + i % group;
            tile.push(QueryRow {
                query: qkv[row * qkv_width + head * dim..].as_ptr(),
                out: to.get().wrapping_add(row * out_width + head * dim),
                first: window.map_or(0, |w| (position + 1).saturating_sub(w)),
                last: position,
            });
            if tile.len() == QUERIES || i + 1 == piece.count * group {
                // SAFETY: the rows' places were checked above and belong to this piece alone;
                // the stretches reach to the last position any row sees.
                unsafe { attend(level, &attention, &tile, &stretches, &mut scores) };
                tile.clear();
            }
        }
    });
}
