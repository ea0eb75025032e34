//! Reading.

use std::fs::File;
use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use candle_core::Device;
use candle_core::quantized::gguf_file::Content;

use super::error::GgufError;
use super::metadata::{Tensors, read_config, stretch_rope};
use super::names::gguf_name;
use super::tokenizer::GgufTokenizer;
use crate::local::cpu::model::{WeightError, WeightSource, Weights};
use crate::local::cpu::quantised::{BlockFormat, Blocks};
use crate::local::transformer::{Architecture, TransformerConfig};

/// A file whose keys have been read.
#[derive(Debug)]
pub struct Gguf {
    /// The model's configuration.
    pub config: TransformerConfig,
    /// Its tensors, read when they are asked for.
    pub weights: GgufWeights,
    /// What the file says about the tokenizer.
    pub tokenizer: GgufTokenizer,
}

/// The tensors of a file, by Hugging Face's names.
#[derive(Debug)]
pub struct GgufWeights {
    path: PathBuf,
    file: BufReader<File>,
    content: Content,
    architecture: Architecture,
    heads: usize,
    kv_heads: usize,
    intermediate_size: usize,
    norm_plus_one: bool,
    sandwich: bool,
    /// Queries' and keys' outputs lie interleaved.
    interleaved: bool,
}

/// Reads a GGUF file's keys and leaves its tensors for later.
///
/// # Errors
/// [`GgufError`] when the file is damaged, or needs what is not supported.
pub fn read_gguf(path: impl AsRef<Path>) -> Result<Gguf, GgufError> {
    let path = path.as_ref().to_owned();
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(source) => return Err(GgufError::Open { path, source }),
    };
    let mut file = BufReader::new(file);
    // An alignment of 0 makes the library divide by it.
    let content = catch_unwind(AssertUnwindSafe(|| Content::read(&mut file)));
    let content = match content {
        Ok(Ok(content)) => content,
        Ok(Err(source)) => return Err(GgufError::Format { path, source }),
        Err(_) => {
            let source = candle_core::Error::Msg("its keys make no sense".to_owned());
            return Err(GgufError::Format { path, source });
        }
    };
    let tokenizer = GgufTokenizer::read(&content.metadata);
    let embedding = content.tensor_infos.get("token_embd.weight");
    let vocab_size = match embedding.map(|info| info.shape.dims()) {
        Some([rows, _]) => *rows,
        _ => return Err(WeightError::Missing("token_embd.weight".to_owned()).into()),
    };
    let has = |name: &str| content.tensor_infos.contains_key(name);
    let tensors = Tensors {
        has: &has,
        vocab_size,
        count: content.tensor_infos.len(),
    };
    let mut config = read_config(&content.metadata, &tensors, &tokenizer)?;
    let architecture = config.architecture;
    let mut weights = GgufWeights {
        path,
        file,
        architecture,
        heads: config.heads,
        kv_heads: config.kv_heads,
        intermediate_size: config.intermediate_size,
        norm_plus_one: config.norm_plus_one,
        sandwich: config.sandwich_norms,
        interleaved: matches!(architecture, Architecture::Llama | Architecture::Mistral),
        content,
    };
    if weights
        .content
        .tensor_infos
        .contains_key("rope_freqs.weight")
    {
        let divisors = weights.read("rope_freqs.weight")?;
        let divisors = into_floats(divisors);
        stretch_rope(&weights.content.metadata, &divisors, &mut config)?;
    }
    Ok(Gguf {
        config,
        weights,
        tokenizer,
    })
}

fn into_floats(weights: Weights) -> Vec<f32> {
    match weights {
        Weights::Floats { values, .. } => values,
        Weights::Blocks(blocks) => blocks.to_floats(),
    }
}

impl GgufWeights {
    /// Bytes of all tensors once they are read: quantised blocks as they are in the file, all else as
    /// floats.
    pub fn bytes(&self) -> u64 {
        let tensors = self.content.tensor_infos.values();
        let sizes = tensors.map(|info| {
            let dims = info.shape.dims();
            let weights = dims
                .iter()
                .fold(1_u64, |n, dim| n.saturating_mul(*dim as u64));
            match (BlockFormat::from_dtype(info.ggml_dtype), dims) {
                (Some(format), [_, _]) => (weights / format.block_weights() as u64)
                    .saturating_mul(format.block_bytes() as u64),
                _ => weights.saturating_mul(4),
            }
        });
        sizes.fold(0, u64::saturating_add)
    }

    /// Reads a tensor by its name in the file.
    fn read(&mut self, name: &str) -> Result<Weights, WeightError> {
        if !self.content.tensor_infos.contains_key(name) {
            return Err(WeightError::Missing(name.to_owned()));
        }
        self.decode(name).map_err(|source| WeightError::Unreadable {
            name: format!("{name} of {}", self.path.display()),
            source,
        })
    }

    fn decode(&mut self, name: &str) -> Result<Weights, Box<dyn std::error::Error + Send + Sync>> {
        // The library multiplies them unchecked, and an order of rows needs memory even where these are empty.
        let dims = self.content.tensor_infos.get(name);
        let dims = dims.map_or(&[][..], |info| info.shape.dims());
        let bytes = dims.iter().try_fold(8_usize, |n, dim| n.checked_mul(*dim));
        if bytes.is_none_or(|bytes| bytes == 0) {
            return Err(format!("a tensor of shape {dims:?} has no sound size").into());
        }
        let tensor = self.content.tensor(&mut self.file, name, &Device::Cpu)?;
        let shape = tensor.shape().dims().to_vec();
        if let (Some(format), [rows, inner]) = (BlockFormat::from_dtype(tensor.dtype()), &shape[..])
        {
            let blocks = Blocks::new(format, *rows, *inner, tensor.data()?.to_vec())?;
            return Ok(Weights::Blocks(blocks));
        }
        let values = tensor.dequantize(&Device::Cpu)?.flatten_all()?;
        let values = values.to_vec1::<f32>()?;
        Ok(Weights::Floats { shape, values })
    }

    /// Phi-3's fused projections: the part of a fused tensor that a name means.
    fn fused(&mut self, name: &str) -> Result<Option<Weights>, WeightError> {
        let Some((layer, module)) = name
            .strip_prefix("blk.")
            .and_then(|rest| rest.strip_suffix(".weight"))
            .and_then(|rest| rest.split_once('.'))
        else {
            return Ok(None);
        };
        let fused = match module {
            "attn_q" | "attn_k" | "attn_v" => format!("blk.{layer}.attn_qkv.weight"),
            "ffn_gate" | "ffn_up" => format!("blk.{layer}.ffn_up.weight"),
            _ => return Ok(None),
        };
        if !self.content.tensor_infos.contains_key(&fused) {
            return Ok(None);
        }
        let whole = self.read(&fused)?;
        let rows = rows(&whole);
        // A file may hold the two halves apart after all.
        if module == "ffn_up" && rows == self.intermediate_size {
            return Ok(Some(whole));
        }
        let head = rows / (self.heads + 2 * self.kv_heads);
        let (first, count) = match module {
            "attn_q" => (0, self.heads * head),
            "attn_k" => (self.heads * head, self.kv_heads * head),
            "attn_v" => ((self.heads + self.kv_heads) * head, self.kv_heads * head),
            "ffn_gate" => (0, rows / 2),
            _ => (rows / 2, rows - rows / 2),
        };
        let order: Vec<usize> = (first..first + count).collect();
        Ok(Some(reordered(whole, &order)))
    }
}

impl WeightSource for GgufWeights {
    fn weights(&mut self, name: &str) -> Result<Weights, WeightError> {
        let Some(there) = gguf_name(name, self.sandwich) else {
            return Err(WeightError::Missing(name.to_owned()));
        };
        if self.architecture == Architecture::Phi3
            && let Some(part) = self.fused(&there)?
        {
            return Ok(part);
        }
        let mut weights = self.read(&there)?;
        if self.interleaved {
            let heads = match name.rsplit('.').nth(1) {
                Some("q_proj") => self.heads,
                Some("k_proj") => self.kv_heads,
                _ => 0,
            };
            let rows = rows(&weights);
            if heads > 0 && rows.is_multiple_of(2 * heads) {
                weights = reordered(weights, &half_order(rows, heads));
            }
        }
        if self.norm_plus_one
            && there.ends_with("norm.weight")
            && let Weights::Floats { values, .. } = &mut weights
        {
            values.iter_mut().for_each(|w| *w -= 1.0);
        }
        Ok(weights)
    }
}

/// Where the file has the rows of heads whose rotating halves follow each other: row `2 j + h` is
/// row `j` of half `h`.
fn half_order(rows: usize, heads: usize) -> Vec<usize> {
    let half = rows / heads / 2;
    (0..rows)
        .map(|row| {
            let (head, within) = (row / (2 * half), row % (2 * half));
            head * 2 * half + within % half * 2 + within / half
        })
        .collect()
}

/// The inverse: where Hugging Face's tensor has the rows of the file.
pub(super) fn interleaved_order(rows: usize, heads: usize) -> Vec<usize> {
    let mut order = vec![0; rows];
    for (to, from) in half_order(rows, heads).into_iter().enumerate() {
        order[from] = to;
    }
    order
}

fn rows(weights: &Weights) -> usize {
    match weights {
        Weights::Floats { shape, .. } => shape.first().copied().unwrap_or(0),
        Weights::Blocks(blocks) => blocks.shape()[0],
    }
}

/// The rows of a tensor in another order.
fn reordered(weights: Weights, order: &[usize]) -> Weights {
    match weights {
        Weights::Floats { mut shape, values } => {
            let width = values.len() / shape.first().copied().unwrap_or(1).max(1);
            let values = order
                .iter()
                .flat_map(|row| &values[row * width..(row + 1) * width])
                .copied()
                .collect();
            if let Some(rows) = shape.first_mut() {
                *rows = order.len();
            }
            Weights::Floats { shape, values }
        }
        Weights::Blocks(blocks) => Weights::Blocks(blocks.with_rows(order)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_halves_and_pairs_are_inverse_orders() {
        // Two heads of four: the file has pairs (0, 2), (1, 3) of each.
        assert_eq!(half_order(8, 2), [0, 2, 1, 3, 4, 6, 5, 7]);
        let (there, back) = (half_order(24, 2), interleaved_order(24, 2));
        assert!((0..24).all(|i| back[there[i]] == i));
    }
}
