//! A bigram model of two matrices and a bias, and a language that it can learn to the last nat.

use candle_core::{Device, Result, Tensor, Var};
use rand::RngExt;
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::{Purpose, RunSeed, Stream, StreamKey};
use rounds_models::training::{
    Batch, Document, Forward, GraphPass, Lora, LoraConfig, Parameter, Pass, TrainConfig,
    TrainError, Trainable, TrainingData, Variable,
};

pub(crate) const VOCABULARY: usize = 12;
const WIDTH: usize = 8;
/// How often a token follows its rule; any token follows otherwise.
const KEPT: f64 = 0.8;

fn stream(number: u32) -> Stream {
    StreamKey::episode(RunSeed(11), EpisodeIx(number), Purpose::Custom).open()
}

/// Token `t` is followed by `5t + 1` with probability `KEPT`.
pub(crate) fn documents(count: usize, longest: usize) -> Vec<Document> {
    let mut stream = stream(0);
    let mut document = |number: usize| {
        let mut token = stream.random_range(0..VOCABULARY as u32);
        let mut tokens = vec![token];
        for _ in 0..stream.random_range(1..longest as u64) {
            let rule = (5 * token + 1) % VOCABULARY as u32;
            token = if stream.random::<f64>() < KEPT {
                rule
            } else {
                stream.random_range(0..VOCABULARY as u32)
            };
            tokens.push(token);
        }
        let mut document = Document::plain(format!("document {number}"), tokens);
        for counts in &mut document.in_loss[1..] {
            *counts = stream.random::<f64>() < 0.7;
        }
        *document.in_loss.last_mut().unwrap() = true;
        document
    };
    (0..count).map(&mut document).collect()
}

/// Nats per token that the best model of the language needs.
pub(crate) fn entropy() -> f64 {
    let other = (1.0 - KEPT) / VOCABULARY as f64;
    let rule = KEPT + other;
    -rule * rule.ln() - (VOCABULARY - 1) as f64 * other * other.ln()
}

pub(crate) struct Bigram {
    pub(crate) embedding: Var,
    pub(crate) head: Var,
    bias: Var,
    pub(crate) lora: Option<Lora>,
}

impl Bigram {
    pub(crate) fn new() -> Self {
        let mut stream = stream(1);
        let mut matrix = || {
            let values = (0..VOCABULARY * WIDTH)
                .map(|_| stream.random::<f32>() - 0.5)
                .collect();
            Var::from_vec(values, (VOCABULARY, WIDTH), &Device::Cpu).unwrap()
        };
        let (embedding, head) = (matrix(), matrix());
        let bias = Var::from_vec(vec![0.0_f32; VOCABULARY], VOCABULARY, &Device::Cpu).unwrap();
        Self {
            embedding,
            head,
            bias,
            lora: None,
        }
    }

    pub(crate) fn adapted(config: &LoraConfig) -> Self {
        let mut model = Self::new();
        model.lora = Some(Lora::new(config, &Self::shapes(), RunSeed(1)).unwrap());
        model
    }

    pub(crate) fn shapes() -> Vec<(String, Vec<usize>)> {
        let shape = vec![VOCABULARY, WIDTH];
        vec![
            ("embedding.weight".into(), shape.clone()),
            ("head.weight".into(), shape),
            ("head.bias".into(), vec![VOCABULARY]),
        ]
    }

    /// Logits `[places, vocabulary]` of all tokens.
    pub(crate) fn logits(&self, tokens: &[u32]) -> Result<Tensor> {
        let input = Tensor::from_slice(tokens, tokens.len(), &Device::Cpu)?;
        let weight = |name: &str, var: &Var| match &self.lora {
            Some(lora) => lora.weight(name, var),
            None => Ok(var.as_tensor().clone()),
        };
        let hidden = weight("embedding.weight", &self.embedding)?
            .index_select(&input, 0)?
            .tanh()?;
        let bias = match &self.lora {
            Some(_) => self.bias.as_detached_tensor(),
            None => self.bias.as_tensor().clone(),
        };
        hidden
            .matmul(&weight("head.weight", &self.head)?.t()?)?
            .broadcast_add(&bias)
    }
}

impl Bigram {
    fn vars(&self) -> Vec<(String, Var)> {
        match &self.lora {
            Some(lora) => lora.parameters(),
            None => vec![
                ("embedding.weight".into(), self.embedding.clone()),
                ("head.weight".into(), self.head.clone()),
                ("head.bias".into(), self.bias.clone()),
            ],
        }
    }

    /// −ln p of each target.
    fn losses(&self, batch: &Batch) -> Result<Tensor> {
        let read = |place: &u32| batch.tokens[*place as usize];
        let logits = self.logits(&batch.places.iter().map(read).collect::<Vec<u32>>())?;
        let shifted = logits.broadcast_sub(&logits.max_keepdim(1)?.detach())?;
        let normaliser = shifted.exp()?.sum(1)?.log()?;
        let targets = Tensor::from_slice(&batch.targets, (batch.targets.len(), 1), &Device::Cpu)?;
        normaliser - shifted.gather(&targets, 1)?.squeeze(1)?
    }
}

impl Trainable for Bigram {
    type Source = TrainingData;

    fn parameters(&self) -> Vec<(String, Parameter)> {
        Variable::parameters(self.vars())
    }

    fn forward<'a>(
        &'a self,
        batch: &'a Batch,
        _: Pass,
    ) -> std::result::Result<Box<dyn Forward + 'a>, TrainError> {
        let vars = self.vars().into_iter().map(|(_, var)| var).collect();
        Ok(Box::new(GraphPass::new(self.losses(batch)?, vars)?))
    }

    fn description(&self) -> serde_json::Value {
        serde_json::json!({ "width": WIDTH })
    }

    fn check(&self, _: &TrainConfig, data: &TrainingData) -> std::result::Result<(), TrainError> {
        data.check_vocabulary(VOCABULARY)
    }

    fn activation_bytes(&self, rows: usize, length: usize) -> u64 {
        (rows * length * VOCABULARY * 4 * 6) as u64
    }
}

pub(crate) fn data(
    config: &rounds_models::training::DataConfig,
    count: usize,
    longest: usize,
) -> TrainingData {
    TrainingData::new(config.clone(), documents(count, longest)).unwrap()
}
