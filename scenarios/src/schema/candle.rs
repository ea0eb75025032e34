//! A language model on this machine.

use std::path::PathBuf;

use serde::{Serialize, Serializer};

use super::{
    diagnostics::ProblemKind,
    document::Node,
    paths::PathKind,
    reader::TableReader,
    values::{Fault, Range, choice, path, string},
};

/// Most threads, sequences and tokens that can be asked for.
const MOST_THREADS: u32 = 1024;
const MOST_SEQUENCES: u32 = 1 << 16;
const MOST_TOKENS: u32 = 1 << 30;
const SHARE: Range = Range {
    allows: |x| x > 0.0 && x <= 1.0,
    words: "a number above 0 and at most 1",
};
const LEAST_SHARE: Range = Range {
    allows: |x| (0.0..=1.0).contains(&x),
    words: "a number from 0 to 1",
};
const PENALTY: Range = Range {
    allows: |x| x > 0.0 && x.is_finite(),
    words: "a number above 0, where 1 changes nothing",
};

choice! {
    /// The type of weights, keys and values.
    pub enum DtypeSpec {
        /// 32 bits.
        F32 = "f32",
        /// 16 bits with the range of `f32`.
        Bf16 = "bf16",
        /// 16 bits with more digits and less range.
        F16 = "f16",
    }
}

/// What computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceSpec {
    /// The processor.
    #[default]
    Cpu,
    /// The graphics processor of this number.
    Cuda(u32),
}

impl DeviceSpec {
    fn is_cpu(&self) -> bool {
        *self == Self::Cpu
    }
}

impl Serialize for DeviceSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Cpu => serializer.serialize_str("cpu"),
            Self::Cuda(number) => serializer.collect_str(&format_args!("cuda:{number}")),
        }
    }
}

/// A language model on this machine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CandleSpec {
    /// A folder as Hugging Face lays it out, or a GGUF file.
    pub path: PathBuf,
    /// A training file: the model is trained first when it is not there, or was trained on
    /// anything else.
    pub train: Option<PathBuf>,
    /// A file of the chat template, in place of the model's own.
    pub template: Option<PathBuf>,
    /// What computes.
    // Left out where it is the processor, so that scenarios keep the hash they had without it.
    #[serde(skip_serializing_if = "DeviceSpec::is_cpu")]
    pub device: DeviceSpec,
    /// The type of weights, keys and values; by default `f32` on the processor, else `bf16`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dtype: Option<DtypeSpec>,
    /// Threads that compute; by default all of the machine.
    pub threads: Option<u32>,
    /// Most tokens of a prompt with its reply; by default those of the model.
    pub context: Option<u32>,
    /// Tokens of all requests whose keys and values are held; by default as many as fit into a
    /// quarter of the memory that is free, and all that can be needed at most.
    pub cache_tokens: Option<u32>,
    /// Requests that are answered at one time.
    pub sequences: u32,
    /// Tokens that one pass computes at most.
    pub step_tokens: u32,
    /// Whether requests that begin alike share the work.
    pub prefix_sharing: bool,
    /// Only the likeliest so many tokens are drawn from; 0 for all.
    pub top_k: u32,
    /// Only the likeliest tokens that have this share together are drawn from.
    pub top_p: f64,
    /// Only tokens at least so likely, as a share of the likeliest, are drawn from.
    pub min_p: f64,
    /// Divides what speaks for tokens that were there already; 1 for none.
    pub repetition_penalty: f64,
    /// Texts that end a reply.
    pub stop: Vec<String>,
    /// Whether the log-probabilities of the reply's tokens are kept.
    pub logprobs: bool,
}

impl CandleSpec {
    /// The model at `path` with the defaults.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            train: None,
            template: None,
            device: DeviceSpec::Cpu,
            dtype: None,
            threads: None,
            context: None,
            cache_tokens: None,
            sequences: 32,
            step_tokens: 256,
            prefix_sharing: true,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            repetition_penalty: 1.0,
            stop: Vec::new(),
            logprobs: false,
        }
    }
}

/// Reads the keys of a model on this machine beside `kind`.
pub(super) fn read_candle(table: &mut TableReader<'_>) -> Option<CandleSpec> {
    let train = table.path("train", PathKind::File);
    let is_made = table.entry("train").is_some();
    if table.entry("path").is_none() {
        table.missing("path", "path = \"FOLDER\"");
    }
    let at = table.get("path", |node| match is_made {
        true => string(node).map(|text| node.origin.resolve(&text)),
        false => path(node, PathKind::Either),
    });
    let optional = |table: &mut TableReader<'_>, key: &'static str, most: u32| {
        let written = table.entry(key).is_some();
        written.then(|| table.small(key, 1, most, 1))
    };
    let spec = CandleSpec::new("");
    Some(CandleSpec {
        train,
        template: table.path("template", PathKind::File),
        device: table.get("device", device).unwrap_or_default(),
        dtype: table.choice("dtype"),
        threads: optional(table, "threads", MOST_THREADS),
        context: optional(table, "context", MOST_TOKENS),
        cache_tokens: optional(table, "cache_tokens", MOST_TOKENS),
        sequences: table.small("sequences", 1, MOST_SEQUENCES, spec.sequences),
        step_tokens: table.small("step_tokens", 1, MOST_TOKENS, spec.step_tokens),
        prefix_sharing: table.boolean("prefix_sharing", spec.prefix_sharing),
        top_k: table.small("top_k", 0, MOST_TOKENS, spec.top_k),
        top_p: table.number("top_p", SHARE, spec.top_p),
        min_p: table.number("min_p", LEAST_SHARE, spec.min_p),
        repetition_penalty: table.number("repetition_penalty", PENALTY, spec.repetition_penalty),
        stop: table.strings("stop"),
        logprobs: table.boolean("logprobs", spec.logprobs),
        path: at?,
    })
}

/// Reads the name of a device.
fn device(node: &Node) -> Result<DeviceSpec, Fault> {
    let words = "cpu, cuda or cuda:N";
    let name = string(node).map_err(|_| Fault::wrong_type(words))?;
    let number = match name.as_str() {
        "cpu" => return Ok(DeviceSpec::Cpu),
        "cuda" => return Ok(DeviceSpec::Cuda(0)),
        other => other.strip_prefix("cuda:").unwrap_or_default(),
    };
    // `+1` is a number to the parser, and no name of a device.
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit());
    match number.parse() {
        Ok(number) if is_plain => Ok(DeviceSpec::Cuda(number)),
        _ => Err(Fault::new(ProblemKind::UnknownValue, words)),
    }
}
