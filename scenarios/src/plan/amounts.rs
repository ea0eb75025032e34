//! From what episodes took to what a run will take.

use rounds_agents::engine::{Caps, Limits};
use serde::Serialize;

use super::Basis;
use super::used::{Sample, Used};
use crate::schema::ModelSpec;
use crate::speech::price;

/// Least, expected and most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Amount {
    /// Least that the protocol allows.
    pub least: f64,
    /// Expected.
    pub expected: f64,
    /// Interval of 95 % of the expectation, from the spread between episodes; `None` for one episode.
    pub ci95: Option<[f64; 2]>,
    /// Most that the protocol allows, without replies that are asked for again.
    pub most: f64,
}

/// An amount of the whole run from what episodes took.
pub(super) fn amount(
    of: fn(&Used) -> f64,
    episodes: f64,
    (least, expected, most): (&Sample, &Sample, &Sample),
) -> Amount {
    let n = expected.episodes.len() as f64;
    let mean = expected.mean(of);
    // The episodes to come vary, and so does the mean of those that were seen.
    let half = 1.96 * expected.sd(of) * (episodes + episodes * episodes / n.max(1.0)).sqrt();
    let expected = episodes * mean;
    Amount {
        least: (episodes * least.bounds(of)[0]).min(expected),
        expected,
        ci95: (n > 1.0).then_some([(expected - half).max(0.0), expected + half]),
        most: (episodes * most.bounds(of)[1]).max(expected),
    }
}

/// Two amounts together.
pub(super) fn sum(a: Amount, b: Amount) -> Amount {
    Amount {
        least: a.least + b.least,
        expected: a.expected + b.expected,
        ci95: a.ci95.zip(b.ci95).map(|(a, b)| [a[0] + b[0], a[1] + b[1]]),
        most: a.most + b.most,
    }
}

/// What a share of the calls takes.
pub(super) fn scaled(used: &Used, by: f64) -> Used {
    Used {
        calls: used.calls * by,
        prompt_tokens: used.prompt_tokens * by,
        completion_tokens: used.completion_tokens * by,
        usd: used.usd * by,
        waits: used.waits * by,
    }
}

/// US dollars: by the price of the dearest model, or by what an earlier run paid.
pub(super) fn money(
    models: &[(&str, &ModelSpec)],
    expected: &Sample,
    basis: &Basis,
    (prompt, completion): (&Amount, &Amount),
    episodes: f64,
) -> Option<Amount> {
    let mut dearest = [0.0_f64; 2];
    let mut known = true;
    for (_, spec) in models {
        match price(spec) {
            Some([p, c]) => dearest = [dearest[0].max(p), dearest[1].max(c)],
            None => known = false,
        }
    }
    let priced = |of: fn(&Amount) -> f64| dearest[0] * of(prompt) + dearest[1] * of(completion);
    match basis {
        Basis::Ledger { .. } if expected.unpriced == 0 => {
            let paid = amount(|used| used.usd, episodes, (expected, expected, expected));
            // What the same tokens cost then.
            let tokens = prompt.expected + completion.expected;
            let each = if tokens > 0.0 {
                paid.expected / tokens
            } else {
                0.0
            };
            Some(Amount {
                least: each * (prompt.least + completion.least),
                most: each * (prompt.most + completion.most),
                ..paid
            })
        }
        _ if !known => None,
        _ => Some(Amount {
            least: priced(|of| of.least),
            expected: priced(|of| of.expected),
            ci95: prompt
                .ci95
                .zip(completion.ci95)
                .map(|(p, c)| [0, 1].map(|k| dearest[0] * p[k] + dearest[1] * c[k])),
            most: priced(|of| of.most),
        }),
    }
}

/// Wall time: calls side by side, and at least the waits of one episode one after the other.
///
/// `measured` is the wall time of a call in an earlier run.
pub(super) fn seconds(
    measured: Option<f64>,
    latency: f64,
    concurrency: u32,
    calls: &Amount,
    waits: [f64; 3],
) -> Amount {
    let of = |calls: f64, waits: f64| match measured {
        Some(each) => each * calls,
        None => latency * (calls / f64::from(concurrency)).max(waits),
    };
    let interval = calls.ci95;
    Amount {
        least: of(calls.least, waits[0]),
        expected: of(calls.expected, waits[1]),
        ci95: interval.map(|[low, high]| [of(low, waits[1]), of(high, waits[1])]),
        most: of(calls.most, waits[2]),
    }
}

/// What a run takes in all.
pub(super) struct Totals {
    pub(super) calls: Amount,
    pub(super) tokens: Amount,
    pub(super) usd: Option<Amount>,
    pub(super) seconds: Amount,
}

/// Limits that would cut the run.
pub(super) fn cuts(
    limits: &Limits,
    totals: &Totals,
    sample: &Sample,
    episodes: u32,
) -> Vec<String> {
    let mut out = Vec::new();
    let Caps {
        calls,
        tokens,
        usd,
        seconds,
        ..
    } = limits.run;
    let whole = |cap: Option<u64>| cap.map(|cap| cap as f64);
    for (name, cap, amount) in [
        ("calls", whole(calls), Some(totals.calls)),
        ("tokens", whole(tokens), Some(totals.tokens)),
        ("usd", usd, totals.usd),
        ("seconds", seconds, Some(totals.seconds)),
    ] {
        let (Some(cap), Some(amount)) = (cap, amount) else {
            continue;
        };
        if amount.expected > cap {
            let done = (f64::from(episodes) * cap / amount.expected).floor();
            out.push(format!(
                "limits.run.{name} = {cap} would cut the run after about {done} of {episodes} episodes"
            ));
        } else if amount.most > cap {
            out.push(format!(
                "limits.run.{name} = {cap} may cut the run: at most {:.0} are needed",
                amount.most
            ));
        }
    }
    let n = sample.episodes.len();
    type Take = fn(&Used) -> f64;
    let of_episode: [(&str, Option<f64>, Take); 3] = [
        ("calls", whole(limits.episode.calls), |used| used.calls),
        ("tokens", whole(limits.episode.tokens), |used| {
            used.prompt_tokens + used.completion_tokens
        }),
        ("usd", limits.episode.usd, |used| used.usd),
    ];
    for (name, cap, take) in of_episode {
        let Some(cap) = cap else { continue };
        let cut = sample
            .episodes
            .iter()
            .filter(|used| take(used) > cap)
            .count();
        if cut > 0 {
            out.push(format!(
                "limits.episode.{name} = {cap} would cut {cut} of {n} episodes that were looked at"
            ));
        }
    }
    out
}
