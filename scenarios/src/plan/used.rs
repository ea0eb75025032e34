//! What calls of some episodes took, by episode and by purpose.

use std::collections::{BTreeMap, BTreeSet};

use rounds_models::CallRecord;
use serde::Serialize;

/// Characters of a token, of prompts and of replies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CharsPerToken {
    /// Of prompts.
    pub prompt: f64,
    /// Of replies.
    pub completion: f64,
}

/// What calls took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Used {
    /// Calls.
    pub calls: f64,
    /// Tokens of prompts.
    pub prompt_tokens: f64,
    /// Tokens of replies.
    pub completion_tokens: f64,
    /// US dollars, of calls whose price is known.
    pub usd: f64,
    /// Times that an episode waits, one after the other.
    #[serde(skip)]
    pub waits: f64,
}

/// What the calls of some episodes took.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sample {
    /// Of each episode; without calls it is zero.
    pub episodes: Vec<Used>,
    /// Of all episodes by purpose.
    pub purposes: BTreeMap<String, Used>,
    /// Seconds until replies came, on the average; `None` without calls.
    pub latency_s: Option<f64>,
    /// Calls whose price is not known.
    pub unpriced: u64,
    chars: [f64; 2],
    tokens: [f64; 2],
}

impl Sample {
    /// The calls of `episodes` episodes. Tokens are those that were counted, or by `chars` where
    /// nobody counts. Answers out of a cache or a recording are calls like others.
    pub fn of(
        calls: impl IntoIterator<Item = CallRecord>,
        episodes: usize,
        chars: Option<CharsPerToken>,
    ) -> Self {
        let mut sample = Self::default();
        let mut by_episode: BTreeMap<u32, Used> = BTreeMap::new();
        let mut waits: BTreeMap<u32, BTreeSet<(u32, String, u32)>> = BTreeMap::new();
        let (mut seconds, mut count) = (0.0, 0_u32);
        for call in calls {
            let prompt: usize = call
                .messages
                .iter()
                .map(|m| m.content.chars().count())
                .sum();
            let reply = call.reply.as_deref().map_or(0, |text| text.chars().count());
            let (prompt_tokens, completion_tokens) = match chars {
                Some(chars) => (
                    (prompt as f64 / chars.prompt).ceil(),
                    (reply as f64 / chars.completion).ceil(),
                ),
                None => (
                    call.usage.prompt_tokens as f64,
                    call.usage.completion_tokens as f64,
                ),
            };
            if prompt_tokens > 0.0 {
                sample.chars[0] += prompt as f64;
                sample.tokens[0] += prompt_tokens;
            }
            if completion_tokens > 0.0 {
                sample.chars[1] += reply as f64;
                sample.tokens[1] += completion_tokens;
            }
            sample.unpriced += u64::from(call.usage.cost_usd.is_none());
            let used = Used {
                calls: 1.0,
                prompt_tokens,
                completion_tokens,
                usd: call.usage.cost_usd.unwrap_or(0.0),
                waits: 0.0,
            };
            add(by_episode.entry(call.key.episode.0).or_default(), &used);
            let purpose = call.key.purpose.into_owned();
            let wait = (call.key.round.0, purpose.clone(), call.key.attempt);
            waits.entry(call.key.episode.0).or_default().insert(wait);
            add(sample.purposes.entry(purpose).or_default(), &used);
            if !call.usage.cache_hit {
                seconds += call.latency_ms / 1e3;
                count += 1;
            }
        }
        for (episode, used) in &mut by_episode {
            used.waits = waits.get(episode).map_or(0.0, |waits| waits.len() as f64);
        }
        sample.episodes = by_episode.into_values().collect();
        sample
            .episodes
            .resize(episodes.max(sample.episodes.len()), Used::default());
        sample.latency_s = (count > 0).then(|| seconds / f64::from(count));
        sample
    }

    /// Characters of a token in these calls; `None` where no tokens were counted.
    pub fn chars_per_token(&self) -> Option<CharsPerToken> {
        let [prompt, completion] = [0, 1].map(|k| self.chars[k] / self.tokens[k]);
        let known = |x: f64| x.is_finite() && x > 0.0;
        (known(prompt) && known(completion)).then_some(CharsPerToken { prompt, completion })
    }

    /// Mean of an episode.
    pub fn mean(&self, of: fn(&Used) -> f64) -> f64 {
        let n = self.episodes.len().max(1) as f64;
        self.episodes.iter().map(of).sum::<f64>() / n
    }

    /// Standard deviation of an episode; 0 for fewer than two.
    pub fn sd(&self, of: fn(&Used) -> f64) -> f64 {
        let n = self.episodes.len();
        if n < 2 {
            return 0.0;
        }
        let mean = self.mean(of);
        let squares = self.episodes.iter().map(|used| (of(used) - mean).powi(2));
        (squares.sum::<f64>() / (n - 1) as f64).sqrt()
    }

    /// Least and most of an episode.
    pub fn bounds(&self, of: fn(&Used) -> f64) -> [f64; 2] {
        let values = self.episodes.iter().map(of);
        let [low, high] = values.fold([f64::INFINITY, 0.0], |[low, high]: [f64; 2], x| {
            [low.min(x), high.max(x)]
        });
        [low.min(high), high]
    }
}

fn add(to: &mut Used, used: &Used) {
    to.calls += used.calls;
    to.prompt_tokens += used.prompt_tokens;
    to.completion_tokens += used.completion_tokens;
    to.usd += used.usd;
}
