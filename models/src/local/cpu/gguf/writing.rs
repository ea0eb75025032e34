//! Writing.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Result as CandleResult, Tensor};

use super::error::GgufError;
use super::metadata::{config_entries, rope_divisors};
use super::names::gguf_name;
use super::reading::interleaved_order;
use super::tokenizer::GgufTokenizer;
use crate::local::cpu::quantised::BlockFormat;
use crate::local::transformer::{Architecture, Checkpoint, TransformerConfig};

/// Writes a checkpoint as a GGUF file.
///
/// Matrices are quantised to `format`; those whose width is no multiple of its block become Q8_0
/// where that fits, else stay floats, as do norms, biases and everything without a format.
///
/// # Errors
/// [`GgufError`] when the file cannot be written, or a tensor has no place in such files.
pub fn write_gguf(
    path: impl AsRef<Path>,
    checkpoint: &Checkpoint,
    format: Option<BlockFormat>,
    tokenizer: &GgufTokenizer,
) -> Result<(), GgufError> {
    let path = path.as_ref();
    let failed = |source| GgufError::Format {
        path: path.to_owned(),
        source,
    };
    let config = &checkpoint.config;
    let mut tokenizer = tokenizer.clone();
    tokenizer.bos = tokenizer.bos.or(config.bos);
    tokenizer.eos = tokenizer.eos.or(config.eos.first().copied());
    tokenizer.pad = tokenizer.pad.or(config.pad);
    let mut entries = config_entries(config);
    entries.extend(tokenizer.entries());

    let mut tensors = Vec::new();
    for (name, tensor) in tensors_of(checkpoint).map_err(failed)? {
        let Some(there) = gguf_name(&name, config.sandwich_norms) else {
            return Err(GgufError::Unsupported(format!("the tensor `{name}`")));
        };
        let dtype = dtype(&tensor, format);
        let tensor = QTensor::quantize(&tensor, dtype).map_err(failed)?;
        tensors.push((there, tensor));
    }
    if let Some(divisors) = rope_divisors(config) {
        let tensor = Tensor::new(divisors, &Device::Cpu)
            .and_then(|divisors| QTensor::quantize(&divisors, GgmlDType::F32))
            .map_err(failed)?;
        tensors.push(("rope_freqs.weight".to_owned(), tensor));
    }
    let file = match File::create(path) {
        Ok(file) => file,
        Err(source) => {
            let path = path.to_owned();
            return Err(GgufError::Open { path, source });
        }
    };
    let entries: Vec<(&str, &Value)> = entries.iter().map(|(k, v)| (k.as_str(), v)).collect();
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(k, v)| (k.as_str(), v)).collect();
    gguf_file::write(&mut BufWriter::new(file), &entries, &tensors).map_err(failed)
}

/// The checkpoint's tensors with values as such files have them, by Hugging Face's names.
fn tensors_of(checkpoint: &Checkpoint) -> CandleResult<Vec<(String, Tensor)>> {
    let config = &checkpoint.config;
    let mut tensors = Vec::new();
    for (name, var) in checkpoint.parameters.iter() {
        let tensor = var.as_detached_tensor().to_device(&Device::Cpu)?;
        tensors.push((name.to_owned(), as_written(name, tensor, config)?));
    }
    if config.architecture == Architecture::Phi3 {
        fuse_gates(&mut tensors)?;
    }
    Ok(tensors)
}

/// Phi-3's gate and up projections stand in one tensor with the name of the latter.
fn fuse_gates(tensors: &mut Vec<(String, Tensor)>) -> CandleResult<()> {
    let gates: Vec<(String, Tensor)> = tensors
        .extract_if(.., |(name, _)| name.ends_with("gate_proj.weight"))
        .collect();
    for (name, gate) in gates {
        let up = name.replace("gate_proj", "up_proj");
        for (_, tensor) in tensors.iter_mut().filter(|(name, _)| *name == up) {
            *tensor = Tensor::cat(&[&gate, &*tensor], 0)?;
        }
    }
    Ok(())
}

fn as_written(name: &str, tensor: Tensor, config: &TransformerConfig) -> CandleResult<Tensor> {
    if config.norm_plus_one && name.ends_with("norm.weight") {
        return tensor + 1.0;
    }
    let heads = match name.rsplit('.').nth(1) {
        Some("q_proj") => config.heads,
        Some("k_proj") => config.kv_heads,
        _ => return Ok(tensor),
    };
    if !matches!(
        config.architecture,
        Architecture::Llama | Architecture::Mistral
    ) {
        return Ok(tensor);
    }
    let order = interleaved_order(tensor.dim(0)?, heads);
    let order = order.into_iter().map(|row| row as u32).collect::<Vec<_>>();
    tensor.index_select(&Tensor::new(order, &Device::Cpu)?, 0)
}

/// The format in which a tensor is written.
fn dtype(tensor: &Tensor, format: Option<BlockFormat>) -> GgmlDType {
    let [_, inner] = tensor.dims() else {
        return GgmlDType::F32;
    };
    let formats = format.map_or(Vec::new(), |format| vec![format, BlockFormat::Q8_0]);
    let fitting = formats
        .into_iter()
        .find(|format| inner.is_multiple_of(format.block_weights()));
    fitting.map_or(GgmlDType::F32, BlockFormat::dtype)
}
