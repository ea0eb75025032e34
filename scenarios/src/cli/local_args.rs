//! What can be typed after `rounds generate` and `rounds train`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Clone, Args)]
pub(crate) struct GenerateArgs {
    /// A folder as Hugging Face lays it out, or a GGUF file.
    #[arg(long, value_name = "PATH")]
    pub(crate) model: PathBuf,
    /// What the model is asked; by default what comes on standard input.
    #[arg(long, value_name = "TEXT")]
    pub(crate) prompt: Option<String>,
    /// What the model is told beforehand, as a system message.
    #[arg(long, value_name = "TEXT", conflicts_with = "raw")]
    pub(crate) system: Option<String>,
    /// Continue the prompt as it is, without the chat template.
    #[arg(long)]
    pub(crate) raw: bool,
    /// A file of the chat template, in place of the model's own; or "chatml".
    #[arg(long, value_name = "FILE", conflicts_with = "raw")]
    pub(crate) template: Option<PathBuf>,
    /// Most tokens of a reply.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_tokens: u32,
    /// Sampling temperature; 0 takes the likeliest token each time.
    #[arg(long, value_name = "T", default_value_t = 0.0)]
    pub(crate) temperature: f64,
    /// Draw from the likeliest K tokens alone; 0 for all.
    #[arg(long, value_name = "K", default_value_t = 0)]
    pub(crate) top_k: u32,
    /// Draw from the likeliest tokens that have this share together.
    #[arg(long, value_name = "P", default_value_t = 1.0)]
    pub(crate) top_p: f64,
    /// Draw from tokens at least so likely, as a share of the likeliest.
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    pub(crate) min_p: f64,
    /// Divide what speaks for tokens that were there already.
    #[arg(long, value_name = "R", default_value_t = 1.0)]
    pub(crate) repetition_penalty: f64,
    /// Seed of the sampling: the same seed gives the same reply.
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Replies, each with a seed of its own, computed together.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) replies: u32,
    /// A JSON schema that the reply must satisfy.
    #[arg(long, value_name = "FILE", group = "form")]
    pub(crate) schema: Option<PathBuf>,
    /// A regular expression that the whole reply must match.
    #[arg(long, value_name = "REGEX", group = "form")]
    pub(crate) regex: Option<String>,
    /// A Lark grammar that the reply must follow.
    #[arg(long, value_name = "FILE", group = "form")]
    pub(crate) grammar: Option<PathBuf>,
    /// End the reply before this text; may be given several times.
    #[arg(long, value_name = "TEXT")]
    pub(crate) stop: Vec<String>,
    /// What computes: "cpu", "cuda" or "cuda:N" (the program rounds-cuda).
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    pub(crate) device: String,
    /// The type of weights, keys and values: "f32", "bf16" or "f16"; by default f32 on the processor, else bf16.
    #[arg(long, value_name = "TYPE")]
    pub(crate) dtype: Option<String>,
    /// Threads that compute; by default all of the machine.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) threads: Option<u32>,
    /// Print one JSON object a reply, with its tokens, log-probabilities and usage.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the replies alone.
    #[arg(long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct TrainArgs {
    /// The training, a TOML file.
    pub(crate) config: PathBuf,
    /// Change a setting of the file; may be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Seed of the training; by default that of the file.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Folder for checkpoints, history and report, which must not hold anything; by default a new
    /// one under runs/. The model goes where the file says.
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub(crate) out: Option<PathBuf>,
    /// Go on from the newest checkpoint in this folder; a missing or empty one is a fresh start.
    #[arg(long, value_name = "DIR")]
    pub(crate) resume: Option<PathBuf>,
    /// Print summary.json instead of text.
    #[arg(long)]
    pub(crate) json: bool,
    /// Show no progress and print the places alone.
    #[arg(long)]
    pub(crate) quiet: bool,
}
