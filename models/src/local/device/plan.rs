//! What all layers of a pass share: where keys and values go, and who attends to which blocks.

use std::collections::BTreeMap;

use candle_core::{Device, Result, Tensor};

use super::blocks::DeviceBlocks;
use crate::local::cpu::{CacheShape, KvCache, Span};
use crate::local::transformer::TransformerConfig;

/// Most scores of one group, over all heads: half a GiB of f32.
const MOST_SCORES: usize = 1 << 27;
/// Rows that a copy of its own must save over a scattered write, which walks over the rows one by one.
const ROWS_PER_RUN: usize = 8;

/// Neighbouring rows that go to neighbouring slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) row: usize,
    pub(super) slot: usize,
    pub(super) count: usize,
}

/// Where the rows of a pass go.
#[derive(Debug)]
pub(super) struct Writes {
    /// Rows of zeros after those of the pass: they clear what earlier owners left in new blocks, so that no
    /// number of theirs, be it infinite, reaches another sequence.
    pub(super) filler: usize,
    pub(super) runs: Vec<Run>,
    /// The slots, `[kv_heads, rows + filler, head_dim]`, where copies run by run would be too many.
    pub(super) index: Option<Tensor>,
}

/// Sequences of like lengths, which attend together.
#[derive(Debug)]
pub(super) struct Group {
    /// Sequences.
    pub(super) members: usize,
    /// Queries of each, filled up.
    pub(super) queries: usize,
    /// Keys of each, filled up to whole blocks.
    pub(super) keys: usize,
    /// The rows of the pass that are queried, `[members * queries]`; none when these are all rows in order.
    pub(super) rows: Option<Tensor>,
    /// The blocks, `[members * keys / block_size]`.
    pub(super) blocks: Tensor,
    /// 0 where a query sees a key, else minus infinity: `[1, members, 1, queries, keys]`.
    pub(super) mask: Tensor,
}

/// The groups of layers with one window, or of those without.
#[derive(Debug)]
pub(super) struct View {
    pub(super) groups: Vec<Group>,
    /// Where each row of the pass lies in the groups' queries; none when in order.
    pub(super) order: Option<Tensor>,
}

/// What all layers of a pass share.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) writes: Writes,
    full: Option<View>,
    windowed: Option<View>,
}

impl Plan {
    pub(super) fn new(
        config: &TransformerConfig,
        cache: &KvCache<DeviceBlocks>,
        spans: &[Span],
        device: &Device,
    ) -> Result<Self> {
        let windows: Vec<Option<usize>> = (0..config.layers).map(|i| config.window_of(i)).collect();
        let tables: Vec<&[usize]> = spans
            .iter()
            .map(|span| cache.blocks(span.sequence).unwrap_or_default())
            .collect();
        let shape = cache.shape();
        let view = |window| View::new(config, shape, spans, &tables, window, device);
        let windowed = windows.iter().find_map(|window| *window);
        Ok(Self {
            writes: Writes::new(shape, spans, &tables, device)?,
            full: match windows.contains(&None) {
                true => Some(view(None)?),
                false => None,
            },
            windowed: windowed.map(|window| view(Some(window))).transpose()?,
        })
    }

    /// The view of a layer with or without a window.
    pub(super) fn view(&self, windowed: bool) -> Option<&View> {
        match windowed {
            true => self.windowed.as_ref(),
            false => self.full.as_ref(),
        }
    }
}

impl Writes {
    fn new(
        shape: &CacheShape,
        spans: &[Span],
        tables: &[&[usize]],
        device: &Device,
    ) -> Result<Self> {
        let size = shape.block_size;
        let mut slots = Vec::new();
        let mut cleared = Vec::new();
        for (span, table) in spans.iter().zip(tables) {
            let slot = |position: usize| table[position / size] * size + position % size;
            let end = span.start + span.count;
            slots.extend((span.start..end).map(slot));
            // The last block is new when its first slot is written now.
            let last = (end - 1) / size * size;
            if last >= span.start {
                cleared.extend((end..last + size).map(slot));
            }
        }
        let filler = cleared.len();
        slots.extend(cleared);
        let mut runs: Vec<Run> = Vec::new();
        for (row, &slot) in slots.iter().enumerate() {
            match runs.last_mut() {
                Some(run) if run.slot + run.count == slot => run.count += 1,
                _ => runs.push(Run {
                    row,
                    slot,
                    count: 1,
                }),
            }
        }
        let scattered = runs.len() * ROWS_PER_RUN > slots.len();
        let index = scattered.then(|| {
            let sizes = (shape.kv_heads, slots.len(), shape.head_dim);
            let slots = numbers(slots.iter().copied(), device)?;
            slots.reshape((1, (), 1))?.broadcast_as(sizes)?.contiguous()
        });
        Ok(Self {
            filler,
            runs,
            index: index.transpose()?,
        })
    }
}

/// A span with the blocks that its queries see.
#[derive(Clone, Copy)]
struct Member<'a> {
    span: &'a Span,
    blocks: &'a [usize],
    /// Position of the first slot of the first block.
    first: usize,
}

impl View {
    fn new(
        config: &TransformerConfig,
        shape: &CacheShape,
        spans: &[Span],
        tables: &[&[usize]],
        window: Option<usize>,
        device: &Device,
    ) -> Result<Self> {
        let size = shape.block_size;
        // Like lengths together: at most half of what is computed fills up.
        let mut alike: BTreeMap<(usize, usize), Vec<Member<'_>>> = BTreeMap::new();
        for (span, table) in spans.iter().zip(tables) {
            let oldest = window.map_or(0, |window| (span.start + 1).saturating_sub(window));
            let (first, end) = (oldest / size, (span.start + span.count).div_ceil(size));
            let blocks = &table[first..end];
            let key = (
                span.count.next_power_of_two(),
                blocks.len().next_power_of_two(),
            );
            alike.entry(key).or_default().push(Member {
                span,
                blocks,
                first: first * size,
            });
        }
        let rows: usize = spans.iter().map(|span| span.count).sum();
        let mut order = vec![0; rows];
        let mut groups = Vec::new();
        let mut placed = 0;
        for ((queries, blocks), members) in &alike {
            let scores = config.heads * queries * blocks * size;
            for members in members.chunks((MOST_SCORES / scores.max(1)).max(1)) {
                groups.push(Group::new(shape, members, window, rows, device)?);
                let queries = groups.last().map_or(0, |group| group.queries);
                for member in members {
                    for i in 0..member.span.count {
                        order[member.span.row + i] = placed + i;
                    }
                    placed += queries;
                }
            }
        }
        let in_order = placed == rows && order.iter().enumerate().all(|(row, at)| row == *at);
        Ok(Self {
            groups,
            order: match in_order {
                true => None,
                false => Some(numbers(order.into_iter(), device)?),
            },
        })
    }
}

impl Group {
    fn new(
        shape: &CacheShape,
        members: &[Member<'_>],
        window: Option<usize>,
        all: usize,
        device: &Device,
    ) -> Result<Self> {
        let queries = members.iter().map(|m| m.span.count).max().unwrap_or(0);
        let most = members.iter().map(|m| m.blocks.len()).max().unwrap_or(0);
        let keys = most * shape.block_size;
        let (mut rows, mut blocks) = (Vec::new(), Vec::new());
        let mut mask = vec![f32::NEG_INFINITY; members.len() * queries * keys];
        for (member, mask) in members.iter().zip(mask.chunks_exact_mut(queries * keys)) {
            blocks.extend_from_slice(member.blocks);
            // The block of zeros.
            blocks.resize(blocks.len() + most - member.blocks.len(), shape.blocks);
            for (i, mask) in mask.chunks_exact_mut(keys).enumerate() {
                // Rows that fill up see what the first one sees, and are thrown away.
                let i = if i < member.span.count { i } else { 0 };
                rows.push(member.span.row + i);
                let position = member.span.start + i;
                let oldest = window.map_or(0, |window| (position + 1).saturating_sub(window));
                mask[oldest.saturating_sub(member.first)..=position - member.first].fill(0.0);
            }
        }
        let in_order = rows.len() == all && rows.iter().enumerate().all(|(at, row)| at == *row);
        Ok(Self {
            members: members.len(),
            queries,
            keys,
            rows: match in_order {
                true => None,
                false => Some(numbers(rows.into_iter(), device)?),
            },
            blocks: numbers(blocks.into_iter(), device)?,
            mask: Tensor::from_vec(mask, (1, members.len(), 1, queries, keys), device)?,
        })
    }
}

/// Indices on the device; those of slots were checked when the cache was made, all others are less.
pub(super) fn numbers(
    values: impl ExactSizeIterator<Item = usize>,
    device: &Device,
) -> Result<Tensor> {
    let values: Vec<u32> = values.map(|value| value as u32).collect();
    let count = values.len();
    Tensor::from_vec(values, count, device)
}
