//! The chart of one visit, and what the staff makes of it.

use rounds_environments::clinic::knowledge::{ConditionIx, FindingIx};

use super::clinicians::Clinicians;
use crate::clinic::belief::{SearchBuffers, entropy_bits};

/// A belief that is made when it is asked for.
#[derive(Debug, Clone, Default, PartialEq)]
struct Belief {
    /// State of the chart that `posterior` is of.
    read: u64,
    posterior: Vec<f64>,
    /// State of the chart that `best` is of.
    sought: u64,
    best: Option<(FindingIx, f64)>,
}

/// The shared chart of one visit with the beliefs that follow from it.
///
/// What was computed is kept until the chart changes. One value serves all visits at a bed, one
/// after the other, without new allocations.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bedside {
    /// Answers in their order.
    known: Vec<(FindingIx, bool)>,
    /// Findings that need not be asked: known, on their way, or ruled out by a parent.
    closed: Vec<bool>,
    /// Grows with every answer; 0 where there is no visit.
    answers: u64,
    /// Grows with every answer and order.
    changes: u64,
    /// Over all conditions.
    all: Belief,
    entropy: Option<f64>,
    /// One for each scope of which no two are alike.
    own: Vec<Belief>,
    buffers: SearchBuffers,
}

impl Bedside {
    /// Begins a visit with the findings that its introduction reveals.
    pub fn open(
        &mut self,
        clinicians: &Clinicians,
        observed: impl IntoIterator<Item = (FindingIx, bool)>,
    ) {
        self.known.clear();
        self.closed.clear();
        self.closed.resize(clinicians.all().finding_count(), false);
        self.own.resize(clinicians.scopes(), Belief::default());
        // Both go on from what they were, so that no belief of the visit before counts as fresh.
        self.answers += 1;
        self.changes += 1;
        self.entropy = None;
        for (finding, present) in observed {
            self.learn(clinicians, finding, Some(present));
        }
    }

    /// Takes an answer or a result in; an unknown one (`None`) only closes the finding. The first
    /// answer about a finding holds.
    pub fn learn(&mut self, clinicians: &Clinicians, finding: FindingIx, present: Option<bool>) {
        self.close(finding);
        self.changes += 1;
        let Some(present) = present else { return };
        if self.known.iter().any(|(e, _)| *e == finding) {
            return;
        }
        self.known.push((finding, present));
        self.answers += 1;
        self.entropy = None;
        if !present {
            for &e in clinicians.below(finding) {
                self.close(e);
            }
        }
    }

    /// Notes that a finding has been asked for: nobody else will.
    pub fn order(&mut self, finding: FindingIx) {
        self.close(finding);
        let before = self.changes;
        self.changes += 1;
        // One question less changes nothing where another one is best.
        for own in &mut self.own {
            if own.sought == before && own.best.is_none_or(|(e, _)| e != finding) {
                own.sought = self.changes;
            }
        }
    }

    fn close(&mut self, finding: FindingIx) {
        if let Some(closed) = self.closed.get_mut(finding.index()) {
            *closed = true;
        }
    }

    /// Counts the changes of the chart: where it is the same as before, everything else is.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Answers known so far.
    pub fn known(&self) -> &[(FindingIx, bool)] {
        &self.known
    }

    /// The question that a specialist expects most of, and what it expects, in bits; `None` when
    /// nothing is worth asking.
    pub fn best_question(
        &mut self,
        clinicians: &Clinicians,
        specialist: usize,
    ) -> Option<(FindingIx, f64)> {
        let at = clinicians.scope_of(specialist)?;
        let (scope, search) = clinicians.scope(at);
        let own = self.own.get_mut(at)?;
        if own.read != self.answers {
            let known = self.known.iter().map(|&(e, present)| (e, Some(present)));
            scope.posterior_into(known, &mut own.posterior);
            own.read = self.answers;
        }
        if own.sought != self.changes {
            own.best = search.best(scope, &own.posterior, &self.closed, &mut self.buffers);
            own.sought = self.changes;
        }
        own.best
    }

    fn read_all(&mut self, clinicians: &Clinicians) {
        if self.all.read != self.answers {
            let known = self.known.iter().map(|&(e, present)| (e, Some(present)));
            clinicians
                .all()
                .posterior_into(known, &mut self.all.posterior);
            self.all.read = self.answers;
        }
    }

    /// The first condition over all knowledge and its posterior; the lowest index wins ties.
    pub fn first(&mut self, clinicians: &Clinicians) -> (ConditionIx, f64) {
        self.read_all(clinicians);
        let mut first = (ConditionIx(0), 0.0);
        for (d, &p) in self.all.posterior.iter().enumerate() {
            if p > first.1 {
                first = (ConditionIx(d as u32), p);
            }
        }
        first
    }

    /// Entropy of the belief over all conditions, in bits.
    pub fn entropy(&mut self, clinicians: &Clinicians) -> f64 {
        if let Some(entropy) = self.entropy {
            return entropy;
        }
        self.read_all(clinicians);
        let entropy = entropy_bits(&self.all.posterior);
        self.entropy = Some(entropy);
        entropy
    }

    /// Weight of the bed in the objective of a tick: that of the acuity times the entropy.
    pub fn weight(&mut self, clinicians: &Clinicians, acuity: u8) -> f64 {
        let weights = &clinicians.config().acuity_weights;
        let level = usize::from(acuity.max(1) - 1).min(weights.len() - 1);
        weights[level] * self.entropy(clinicians)
    }

    /// Share of the bed's entropy that a specialist expects to learn by its best question.
    pub fn share(&mut self, clinicians: &Clinicians, specialist: usize) -> f64 {
        let gain = self.best_question(clinicians, specialist);
        let entropy = self.entropy(clinicians);
        match gain {
            Some((_, gain)) if entropy > 0.0 => (gain / entropy).min(1.0),
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use rounds_environments::clinic::day::{DayConfig, Staff};
    use rounds_environments::clinic::knowledge::Knowledge;
    use rounds_environments::streams::RunSeed;

    use super::*;
    use crate::clinic::belief::{Objective, Scope};
    use crate::clinic_day::BedsideConfig;

    fn clinicians(overlap: f64) -> Clinicians {
        let config = DayConfig {
            overlap,
            ..DayConfig::default()
        };
        let knowledge = Knowledge::builtin();
        let staff = Staff::draw(&config, &knowledge, RunSeed(7));
        Clinicians::new(&knowledge, &staff, BedsideConfig::default()).unwrap()
    }

    fn finding(id: &str) -> FindingIx {
        Knowledge::builtin().find_finding(id).unwrap()
    }

    #[test]
    fn what_is_kept_is_what_would_be_computed_anew() {
        let knowledge = Knowledge::builtin();
        let config = DayConfig::default();
        let staff = Staff::draw(&config, &knowledge, RunSeed(7));
        let clinicians = Clinicians::new(&knowledge, &staff, BedsideConfig::default()).unwrap();
        let mut bedside = Bedside::default();
        bedside.open(&clinicians, [(finding("fever"), true)]);
        bedside.open(&clinicians, [(finding("chest_pain"), true)]);
        let mut closed = vec![false; knowledge.findings().len()];
        let mut known = vec![(finding("chest_pain"), Some(true))];
        closed[finding("chest_pain").index()] = true;
        for step in 0..12 {
            for specialist in 0..8 {
                let own: Vec<_> = staff.covered(specialist).collect();
                let scope = Scope::covering(&knowledge, |d| own.contains(&d), None).unwrap();
                let posterior = scope.posterior(known.iter().copied());
                let best = scope.best_question(&posterior, &closed, Objective::Gain);
                let best = best.filter(|(_, gain)| *gain >= 1e-3);
                assert_eq!(bedside.best_question(&clinicians, specialist), best);
            }
            let Some((e, _)) = bedside.best_question(&clinicians, step % 8) else {
                continue;
            };
            bedside.order(e);
            closed[e.index()] = true;
            if step % 3 != 0 {
                let present = step % 2 == 0;
                bedside.learn(&clinicians, e, Some(present));
                known.push((e, Some(present)));
                for &child in clinicians.below(e) {
                    closed[child.index()] |= !present;
                }
            }
        }
        assert!(known.len() > 5);
        let all = Scope::generalist(&knowledge, None).unwrap();
        let posterior = all.posterior(known);
        assert_eq!(bedside.entropy(&clinicians), entropy_bits(&posterior));
        let most = posterior.iter().copied().fold(0.0, f64::max);
        assert_eq!(bedside.first(&clinicians).1, most);
    }

    #[test]
    fn specialists_expect_most_of_beds_of_their_own() {
        let clinicians = clinicians(0.0);
        let mut bedside = Bedside::default();
        let heart = ["chest_pain", "pressing_chest_pain", "pain_to_left_arm"];
        bedside.open(&clinicians, heart.map(|id| (finding(id), true)));
        let shares: Vec<f64> = (0..8).map(|i| bedside.share(&clinicians, i)).collect();
        assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
        assert!(shares[0] > 2.0 * shares[3], "{shares:?}");
        let urgent = bedside.weight(&clinicians, 1);
        assert!((urgent / bedside.weight(&clinicians, 5) - 5.0).abs() < 1e-12);
    }

    #[test]
    fn equal_scopes_are_one_and_an_absent_parent_closes_its_children() {
        let clinicians = clinicians(1.0);
        assert_eq!((clinicians.count(), clinicians.scopes()), (8, 1));
        let mut bedside = Bedside::default();
        bedside.open(&clinicians, [(finding("fever"), true)]);
        bedside.learn(&clinicians, finding("chest_pain"), Some(false));
        assert!(bedside.closed[finding("pressing_chest_pain").index()]);
        bedside.learn(&clinicians, finding("chest_pain"), Some(true));
        assert_eq!(bedside.known().len(), 2, "the first answer holds");
        bedside.learn(&clinicians, FindingIx(9999), None);
    }

    #[test]
    fn settings_are_checked() {
        let knowledge = Knowledge::builtin();
        let staff = Staff::draw(&DayConfig::default(), &knowledge, RunSeed(7));
        type Change = fn(&mut BedsideConfig);
        let changes: [(&str, Change); 3] = [
            ("stop_at", |c| c.stop_at = 0.0),
            ("min_gain", |c| c.min_gain = -1.0),
            ("acuity_weights", |c| c.acuity_weights[2] = f64::NAN),
        ];
        for (key, change) in changes {
            let mut config = BedsideConfig::default();
            change(&mut config);
            let error = Clinicians::new(&knowledge, &staff, config).unwrap_err();
            assert!(error.to_string().starts_with(key));
        }
    }
}
