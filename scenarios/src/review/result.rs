//! What ratings say of the machine's verdicts and scores.

use std::collections::{BTreeMap, BTreeSet};

use rounds_environments::streams::RunSeed;
use serde::Serialize;

use super::agreement::{Agreement, Pair, agreement};
use super::corrected::{Corrected, ReviewedCase, corrected_mean};
use super::evaluation::{Evaluation, ReviewedVisit};
use super::key::{Joined, KeyError, ReviewKey, join};
use super::questions::Checks;
use super::ratings::{Ratings, Verdict};
use super::sheet::asked;
use crate::clinic::NOTICE;
use crate::clinic::cases::{CaseResult, settle_checks};

/// One rater.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RaterRow {
    /// Name.
    pub rater: String,
    /// Items answered by yes or no.
    pub determined: usize,
    /// Items answered by cannot tell.
    pub cannot_tell: usize,
    /// Items of the sheet that are not answered.
    pub open: usize,
}

/// The machine against people on a group of items.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// `overall`, `judge`, `predicate`, `axis` or `check`.
    pub of: &'static str,
    /// Name of the axis or check; empty for others.
    pub name: String,
    /// Items that somebody rated.
    pub rated: usize,
    /// Of these, items that people leave open, by cannot tell or since as many say yes as no.
    pub open: usize,
    /// Of these, items that the machine leaves open.
    pub machine_open: usize,
    /// The machine against the majority of the raters, where both are determined.
    pub agreement: Agreement,
}

/// Two raters on the items that both rated.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RaterPair {
    /// The first.
    pub a: String,
    /// The second.
    pub b: String,
    /// Items that both rated.
    pub common: usize,
    /// How they agree, where both are determined.
    pub agreement: Agreement,
}

/// One arm, corrected.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmReview {
    /// Name of the arm.
    pub arm: String,
    /// Its visits.
    pub visits: usize,
    /// Visits of which every question is rated; these alone correct.
    pub rated: usize,
    /// Visits of which some questions are rated.
    pub partly: usize,
    /// Mean score, each clipped to 0 to 1.
    pub score: Corrected,
    /// Share of visits that pass.
    pub pass_rate: Corrected,
}

/// Everything that an import says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Review {
    /// `rounds.review/1`.
    pub schema: &'static str,
    /// Name of the suite.
    pub suite: String,
    /// Hash of the transcripts.
    pub run: String,
    /// Seed of the sheet, and of the intervals.
    pub seed: u64,
    /// Which checks were asked about.
    pub checks: Checks,
    /// Items of the sheet.
    pub items: usize,
    /// Items whose verdict by the machine has changed since the sheet was made.
    pub changed: usize,
    /// Who rated.
    pub raters: Vec<RaterRow>,
    /// The machine against people: overall, by kind, by axis, by check.
    pub groups: Vec<Group>,
    /// Raters against each other.
    pub pairs: Vec<RaterPair>,
    /// The arms, corrected.
    pub arms: Vec<ArmReview>,
    /// What must be said.
    pub notice: &'static str,
}

/// What the raters of one item say together: the majority of yes and no; `None` when neither has.
fn majority(verdicts: &[Verdict]) -> Option<bool> {
    let count = |wanted| verdicts.iter().filter(|v| **v == wanted).count();
    let (yes, no) = (count(Verdict::Yes), count(Verdict::No));
    (yes != no).then_some(yes > no)
}

/// Joins ratings with what they are of.
///
/// # Errors
/// [`KeyError`] when the key is not of this evaluation.
pub fn review(of: &Evaluation, key: &ReviewKey, ratings: &Ratings) -> Result<Review, KeyError> {
    let items = join(of, key)?;
    let seed = RunSeed(key.seed);
    let mut rated: BTreeMap<&str, Vec<Verdict>> = BTreeMap::new();
    for of_rater in ratings.0.values() {
        for (item, rating) in of_rater {
            rated.entry(item).or_default().push(rating.verdict);
        }
    }
    let rated: BTreeMap<&str, Option<bool>> = rated
        .into_iter()
        .map(|(item, verdicts)| (item, majority(&verdicts)))
        .collect();
    let raters = ratings.0.iter().map(|(rater, of_rater)| {
        let open = |r: &&super::ratings::Rating| r.verdict == Verdict::CannotTell;
        let cannot_tell = of_rater.values().filter(open).count();
        RaterRow {
            rater: rater.clone(),
            determined: of_rater.len() - cannot_tell,
            cannot_tell,
            open: items.len() - of_rater.len(),
        }
    });
    let arms = of
        .arms()
        .into_iter()
        .filter(|arm| key.arm.as_deref().is_none_or(|only| only == *arm));
    Ok(Review {
        schema: "rounds.review/1",
        suite: of.name.clone(),
        run: of.hash.clone(),
        seed: key.seed,
        checks: key.checks,
        items: items.len(),
        changed: items.iter().filter(|item| item.changed).count(),
        raters: raters.collect(),
        groups: groups(of, &items, &rated, seed),
        pairs: pairs(of, &items, ratings, seed),
        arms: arms
            .map(|arm| corrected_arm(of, key.checks, arm, &items, &rated))
            .collect(),
        notice: NOTICE,
    })
}

fn groups(
    of: &Evaluation,
    items: &[Joined],
    rated: &BTreeMap<&str, Option<bool>>,
    seed: RunSeed,
) -> Vec<Group> {
    let names = check_names(of, items);
    let axes: BTreeSet<&str> = items.iter().map(|i| i.question.axis.as_str()).collect();
    let checks: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let mut out = Vec::new();
    let mut add = |kind: &'static str, name: &str, wanted: &dyn Fn(usize) -> bool| {
        let members = (0..items.len()).filter(|&k| wanted(k));
        let members: Vec<(&Joined, Option<bool>)> = members
            .filter_map(|k| Some((&items[k], *rated.get(items[k].item.as_str())?)))
            .collect();
        if members.is_empty() {
            return;
        }
        let pairs = members.iter().filter_map(|(item, human)| {
            let case = of.visits[item.at].case.as_str();
            Some(Pair {
                case,
                a: item.met?,
                b: (*human)?,
            })
        });
        let pairs: Vec<Pair<'_>> = pairs.collect();
        out.push(Group {
            of: kind,
            name: name.to_owned(),
            rated: members.len(),
            open: members.iter().filter(|(_, human)| human.is_none()).count(),
            machine_open: members.iter().filter(|(i, _)| i.met.is_none()).count(),
            agreement: agreement(&pairs, seed),
        });
    };
    add("overall", "", &|_| true);
    if items.iter().any(|i| i.question.judge) && items.iter().any(|i| !i.question.judge) {
        add("judge", "", &|k| items[k].question.judge);
        add("predicate", "", &|k| !items[k].question.judge);
    }
    for axis in axes {
        add("axis", axis, &|k| items[k].question.axis == axis);
    }
    for check in checks {
        add("check", check, &|k| names[k] == check);
    }
    out
}

/// Name of the check of each item: its id, with the case before it where checks of one id ask
/// different things.
fn check_names(of: &Evaluation, items: &[Joined]) -> Vec<String> {
    let mut texts: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for item in items {
        let of_id = texts.entry(&item.question.check).or_default();
        of_id.insert(&item.question.text);
    }
    let name = |item: &Joined| {
        let id = &item.question.check;
        match texts.get(id.as_str()) {
            Some(texts) if texts.len() > 1 => format!("{}/{id}", of.visits[item.at].case),
            _ => id.clone(),
        }
    };
    items.iter().map(name).collect()
}

fn pairs(of: &Evaluation, items: &[Joined], ratings: &Ratings, seed: RunSeed) -> Vec<RaterPair> {
    let raters: Vec<_> = ratings.0.iter().collect();
    let mut out = Vec::new();
    for (k, (a, of_a)) in raters.iter().enumerate() {
        for (b, of_b) in &raters[k + 1..] {
            let common = items.iter().filter_map(|item| {
                let both = (of_a.get(&item.item)?, of_b.get(&item.item)?);
                Some((item, both.0.verdict, both.1.verdict))
            });
            let common: Vec<_> = common.collect();
            let pairs = common.iter().filter_map(|(item, a, b)| {
                Some(Pair {
                    case: &of.visits[item.at].case,
                    a: a.met()?,
                    b: b.met()?,
                })
            });
            let pairs: Vec<Pair<'_>> = pairs.collect();
            out.push(RaterPair {
                a: (*a).clone(),
                b: (*b).clone(),
                common: common.len(),
                agreement: agreement(&pairs, seed),
            });
        }
    }
    out
}

/// A value of a visit with the ends that open checks allow.
#[derive(Debug, Clone, Copy)]
struct Value {
    value: f64,
    bounds: [f64; 2],
}

/// The clipped score; halfway between its bounds when every point is open. `None` without
/// positive points.
fn score_of(result: &CaseResult) -> Option<Value> {
    let bounds = result.score.bounds?.map(|end| end.clamp(0.0, 1.0));
    let middle = 0.5 * (bounds[0] + bounds[1]);
    let value = result.score.score.map_or(middle, |s| s.clamp(0.0, 1.0));
    Some(Value { value, bounds })
}

/// 1 for passed, 0 for not, halfway when that is open.
fn pass_of(result: &CaseResult) -> Option<Value> {
    let flag = result.passed.map(|passed| f64::from(u8::from(passed)));
    Some(Value {
        value: flag.unwrap_or(0.5),
        bounds: flag.map_or([0.0, 1.0], |flag| [flag; 2]),
    })
}

/// A visit as people see it; `None` unless each of its questions is rated.
fn human(
    of: &Evaluation,
    visit: &ReviewedVisit,
    questions: &[(&str, Option<Option<bool>>)],
) -> Option<CaseResult> {
    if questions.is_empty() {
        return None;
    }
    let mut checks = visit.result.checks.clone();
    for (id, verdict) in questions {
        let verdict = (*verdict)?;
        let check = checks.iter_mut().find(|check| check.id == *id);
        if let Some(check) = check {
            check.met = verdict;
        }
    }
    let case = of.score.book.find(&visit.case)?;
    Some(settle_checks(case, checks, visit.finished))
}

/// A visit with what people make of it.
struct Seen<'a> {
    visit: &'a ReviewedVisit,
    asked: bool,
    human: Option<CaseResult>,
}

fn corrected_arm(
    of: &Evaluation,
    checks: Checks,
    arm: &str,
    items: &[Joined],
    rated: &BTreeMap<&str, Option<bool>>,
) -> ArmReview {
    let mut of_visit: BTreeMap<usize, Vec<(&str, Option<Option<bool>>)>> = BTreeMap::new();
    for item in items {
        let verdict = rated.get(item.item.as_str()).copied();
        let questions = of_visit.entry(item.at).or_default();
        questions.push((&item.question.check, verdict));
    }
    let mut partly = 0;
    let mut seen = Vec::new();
    for (at, visit) in of.visits.iter().enumerate() {
        if visit.arm != arm {
            continue;
        }
        let questions = of_visit.get(&at).map_or(&[][..], Vec::as_slice);
        let human = human(of, visit, questions);
        let some = questions.iter().any(|(_, verdict)| verdict.is_some());
        partly += usize::from(some && human.is_none());
        seen.push(Seen {
            visit,
            asked: !asked(of, visit, checks).is_empty(),
            human,
        });
    }
    ArmReview {
        arm: arm.to_owned(),
        visits: seen.len(),
        rated: seen.iter().filter(|seen| seen.human.is_some()).count(),
        partly,
        score: corrected(&seen, score_of),
        pass_rate: corrected(&seen, pass_of),
    }
}

fn corrected(seen: &[Seen<'_>], value: fn(&CaseResult) -> Option<Value>) -> Corrected {
    let known: Vec<(&Seen<'_>, f64, Option<Value>)> = seen
        .iter()
        .filter_map(|seen| {
            let machine = value(&seen.visit.result)?.value;
            Some((seen, machine, seen.human.as_ref().and_then(value)))
        })
        .collect();
    let cases = |human: &dyn Fn(Value) -> f64| {
        let mut cases: BTreeMap<&str, ReviewedCase> = BTreeMap::new();
        for (seen, machine, rated) in &known {
            let case = cases.entry(&seen.visit.case).or_default();
            case.visits += 1.0;
            case.machine += machine;
            case.asked |= seen.asked;
            if let Some(rated) = rated {
                case.rated += 1.0;
                case.difference += human(*rated) - machine;
            }
        }
        corrected_mean(&cases.into_values().collect::<Vec<_>>())
    };
    let mean = |values: &mut dyn Iterator<Item = f64>| {
        let (n, sum) = values.fold((0_u32, 0.0), |(n, sum), value| (n + 1, sum + value));
        (n > 0).then(|| sum / f64::from(n))
    };
    let rated = || {
        let pairs = known.iter();
        pairs.filter_map(|(_, machine, rated)| Some((*machine, rated.as_ref()?.value)))
    };
    let [low, high] = [0, 1].map(|end| cases(&|human| human.bounds[end]));
    Corrected {
        machine: mean(&mut known.iter().map(|(_, machine, _)| *machine)),
        machine_rated: mean(&mut rated().map(|(machine, _)| machine)),
        human_rated: mean(&mut rated().map(|(_, human)| human)),
        corrected: cases(&|human| human.value),
        bounds: low.mean.zip(high.mean).map(|(low, high)| [low, high]),
        bounds_ci95: low
            .ci95
            .zip(high.ci95)
            .map(|([low, _], [_, high])| [low, high]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_majority_of_yes_and_no_decides_and_cannot_tell_does_not_vote() {
        use Verdict::{CannotTell, No, Yes};
        assert_eq!(majority(&[Yes, Yes, No]), Some(true));
        assert_eq!(majority(&[CannotTell, CannotTell, No]), Some(false));
        assert_eq!(majority(&[Yes, No]), None);
        assert_eq!(majority(&[CannotTell]), None);
    }
}
