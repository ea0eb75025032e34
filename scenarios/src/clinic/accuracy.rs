//! The final list against the truth.
//!
//! # Source
//! DynamiCare card, section 7.

use std::collections::BTreeMap;

use rounds_environments::clinic::titles::{TitleTable, normalise};
use rounds_environments::clinic::{icd9, metrics};
use serde_json::Value;

use crate::run::EventLine;

type Metrics = BTreeMap<String, Option<f64>>;

/// One diagnosis of the final list.
pub(super) struct AnswerLine {
    pub(super) name: String,
    code: String,
    p: Option<f64>,
}

impl AnswerLine {
    /// Its code, where it has one.
    pub(super) fn code(&self) -> Option<&str> {
        Some(self.code.as_str()).filter(|code| !code.is_empty())
    }
}

/// The list of a final diagnosis.
pub(super) fn answers(event: &EventLine) -> Vec<AnswerLine> {
    let text = |v: &Value, key: &str| {
        v.get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    event
        .fields
        .get("list")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|v| AnswerLine {
            name: text(v, "name"),
            code: text(v, "code"),
            p: v.get("p").and_then(Value::as_f64),
        })
        .collect()
}

/// Begins the key of a diagnosis that has no code.
const NAMED: &str = "name:";

/// What a true diagnosis is compared by: its code, or its name in normal form where it has none.
pub(super) fn key(code: &str, name: &str) -> String {
    if code.trim().is_empty() {
        format!("{NAMED}{}", normalise(name))
    } else {
        code.to_owned()
    }
}

/// The exact level: a code in normal form, or the key of a name.
fn exact(key: &str) -> Option<String> {
    let named = key.strip_prefix(NAMED).filter(|name| !name.is_empty());
    named.map_or_else(|| icd9::normal_diagnosis(key), |_| Some(key.to_owned()))
}

/// Lists and truth compared by name.
pub(super) fn by_name(out: &mut Metrics, truth: &[String], list: &[AnswerLine], scored: bool) {
    let predicted: Vec<String> = list.iter().map(|a| a.name.clone()).collect();
    let level = |name: &str| Some(name.to_lowercase());
    ranked(out, "", truth, &predicted, scored, level);
}

/// Lists and truth compared by ICD-9-CM code: all diagnoses on the levels exact, category and
/// chapter, and the primary one, exact and on categories. An answer without a code gets that of
/// its name; one that has none stays in its place and counts as wrong.
pub(super) fn by_code(
    out: &mut Metrics,
    truth: &[String],
    list: &[AnswerLine],
    scored: bool,
    titles: &TitleTable,
) {
    let codes: Vec<Option<String>> = list
        .iter()
        .map(|answer| match answer.code.as_str() {
            "" => titles.map(&answer.name).code().map(str::to_owned),
            code => Some(code.to_owned()),
        })
        .collect();
    let coded = |code: &str| !code.starts_with(NAMED);
    let lost = codes
        .iter()
        .filter(|code| !code.as_deref().is_some_and(coded));
    let lost = lost.count();
    let unmapped = (!codes.is_empty()).then(|| lost as f64 / codes.len() as f64);
    out.insert("unmapped".to_owned(), unmapped.filter(|_| scored));
    let predicted: Vec<String> = codes
        .into_iter()
        .zip(list)
        .map(|(code, answer)| code.unwrap_or_else(|| answer.name.clone()))
        .collect();
    let chapter = |code: &str| icd9::chapter(code).map(str::to_owned);
    ranked(out, "", truth, &predicted, scored, exact);
    ranked(out, ".category", truth, &predicted, scored, icd9::category);
    ranked(out, ".chapter", truth, &predicted, scored, chapter);
    let levels: [(&str, fn(&str) -> Option<String>); 2] =
        [(".primary", exact), (".primary.category", icd9::category)];
    for (suffix, level) in levels {
        let primary = truth.first().filter(|code| scored && level(code).is_some());
        let rank = primary.and_then(|code| metrics::rank_of(code, &predicted, level));
        for k in metrics::DEPTHS {
            let hit = primary.map(|_| f64::from(u8::from(rank.is_some_and(|rank| rank <= k))));
            out.insert(format!("hit@{k}{suffix}"), hit);
        }
        let mrr = primary.map(|_| rank.map_or(0.0, |rank| 1.0 / rank as f64));
        out.insert(format!("mrr{suffix}"), mrr);
    }
}

fn ranked(
    out: &mut Metrics,
    suffix: &str,
    truth: &[String],
    predicted: &[String],
    scored: bool,
    level: impl Fn(&str) -> Option<String>,
) {
    let known = truth.iter().any(|code| level(code).is_some());
    let scores = metrics::score(predicted, truth, level);
    let mut put = |name: String, value: f64| {
        out.insert(name, (scored && known).then_some(value));
    };
    for at in &scores.at {
        let k = at.k;
        put(format!("hit@{k}{suffix}"), at.hit);
        put(format!("precision@{k}{suffix}"), at.precision);
        put(format!("recall@{k}{suffix}"), at.recall);
        put(format!("f1@{k}{suffix}"), at.f1);
    }
    put(format!("mrr{suffix}"), scores.mrr);
    put(format!("ndcg@10{suffix}"), scores.ndcg_10);
}

/// Brier score and negative log-likelihood of the truth under the listed probabilities, and the
/// probability of the first; what is not listed has what they leave over.
pub(super) fn calibration(
    metrics: &mut BTreeMap<String, Option<f64>>,
    names: &[String],
    list: &[AnswerLine],
    scored: bool,
) {
    let listed: Option<Vec<f64>> = list.iter().map(|a| a.p).collect();
    let (brier, nll) = match (listed, names.first()) {
        (Some(ps), Some(truth)) if scored && !ps.is_empty() => {
            let rest = (1.0 - ps.iter().sum::<f64>()).max(0.0);
            let hit = list.iter().position(|a| a.name == *truth);
            let p_truth = hit.map_or(0.0, |at| ps[at]);
            let others: f64 = ps.iter().map(|p| p * p).sum::<f64>() - p_truth * p_truth;
            let missed = 1.0 - p_truth;
            let unlisted = if hit.is_some() { rest * rest } else { 0.0 };
            (
                Some(missed * missed + others + unlisted),
                Some(-libm::log(p_truth.max(1e-6))),
            )
        }
        _ => (None, None),
    };
    let first = list.first().and_then(|answer| answer.p);
    metrics.insert("confidence".to_owned(), first.filter(|_| scored));
    metrics.insert("brier".to_owned(), brier);
    metrics.insert("nll".to_owned(), nll);
}
