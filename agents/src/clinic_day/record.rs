//! What the log holds of a day. Lines of the sides `doctor` and `patient` hold no truth.

use bevy_ecs::prelude::*;
use rounds_environments::clinic::day::{Day, Happening, Means, What};
use rounds_environments::clinic::knowledge::{ConditionIx, FindingIx};
use rounds_environments::clinic::patient::Patient;

use super::day::{ClinicDay, House};
use crate::coordination::Setting;
use crate::engine::{Episode, EpisodeLog, EventLog, EventWriter, Outcome};

/// Writes the events of one tick.
pub(super) struct Scribe<'a> {
    log: &'a mut EventLog,
    round: u32,
    house: &'a House,
}

impl<'a> Scribe<'a> {
    pub(super) fn new(log: &'a mut EventLog, round: u32, house: &'a House) -> Self {
        Self { log, round, house }
    }

    fn line(
        &mut self,
        at_min: f64,
        side: &str,
        agent: &str,
        kind: &str,
    ) -> Option<EventWriter<'_>> {
        self.log.event(self.round, at_min, side, agent, kind)
    }

    /// Where everybody was sent.
    pub(super) fn assigned(&mut self, at_min: f64, actions: &[Option<u32>]) {
        if let Some(mut event) = self.line(at_min, "doctor", "", "assigned") {
            event.add("beds", actions);
        }
    }

    /// What happens to patients in no bed.
    pub(super) fn outside(&mut self, day: &Day, happening: Happening) {
        let Happening {
            at_min, patient, ..
        } = happening;
        let Some(who) = day.patient(patient) else {
            return;
        };
        if happening.what == What::Left {
            if let Some(mut event) = self.line(at_min, "world", "", "left") {
                let waited = at_min - who.arrives_min;
                event.add("patient", &patient).add("waited", &waited);
            }
            return;
        }
        if let Some(mut event) = self.line(at_min, "world", "", "arrived") {
            let truth = who.patient.truth();
            event
                .add("patient", &patient)
                .add("truth", &truth.names)
                .add("codes", &truth.codes);
        }
        if let Some(mut event) = self.line(at_min, "doctor", "", "triaged") {
            event
                .add("patient", &patient)
                .add("acuity", &who.acuity)
                .add("complaint", &*who.patient.introduction().text);
        }
    }

    /// What happens to the patient in a bed.
    pub(super) fn at_bed(&mut self, day: &Day, bed: u32, happening: Happening) {
        let Happening {
            at_min, patient, ..
        } = happening;
        let house = self.house;
        let (side, kind, finding, present) = match happening.what {
            What::Bedded { .. } => ("world", "bedded", None, None),
            What::Discharged { .. } => ("world", "discharged", None, None),
            What::ScanBegan { finding, .. } => ("world", "scanned", Some(finding), None),
            What::Answered {
                finding, present, ..
            } => ("patient", "answered", Some(finding), Some(present)),
            What::Resulted {
                finding, present, ..
            } => ("patient", "resulted", Some(finding), Some(present)),
            What::Arrived | What::Left | What::Ready { .. } | What::Expired { .. } => return,
        };
        let Some(mut event) = self.line(at_min, side, "", kind) else {
            return;
        };
        event.add("patient", &patient).add("bed", &bed);
        if let Some(finding) = finding {
            event.add("finding", &house.plan.knowledge.finding(finding).id);
        }
        if let Some(present) = present {
            event.add("present", &present);
        }
        if let (What::Bedded { .. }, Some(who)) = (happening.what, day.patient(patient)) {
            event.add("waited", &(at_min - who.arrives_min));
        }
    }

    /// A specialist asks, examines or orders.
    pub(super) fn asked(
        &mut self,
        happening: Happening,
        specialist: usize,
        bed: u32,
        finding: FindingIx,
        means: Means,
    ) {
        let house = self.house;
        let name = &house.staff.names()[specialist];
        let (kind, from) = match means {
            Means::Bedside => ("asked", None),
            Means::Laboratory => ("ordered", Some("laboratory")),
            Means::Scanner => ("ordered", Some("scanner")),
        };
        if let Some(mut event) = self.line(happening.at_min, "doctor", name, kind) {
            event
                .add("patient", &happening.patient)
                .add("bed", &bed)
                .add("finding", &house.plan.knowledge.finding(finding).id);
            if let Some(from) = from {
                event.add("from", from);
            }
        }
    }

    /// A visit is diagnosed.
    pub(super) fn diagnosed(
        &mut self,
        happening: Happening,
        bed: u32,
        condition: ConditionIx,
        p: f64,
        forced: bool,
    ) {
        let house = self.house;
        if let Some(mut event) = self.line(happening.at_min, "doctor", "", "diagnosed") {
            event
                .add("patient", &happening.patient)
                .add("bed", &bed)
                .add("answer", &house.plan.knowledge.condition(condition).name)
                .add("p", &p)
                .add("forced", &forced);
        }
    }
}

/// The first event: what the day is of.
pub(super) fn begin(
    log: &mut EventLog,
    day: u32,
    house: &House,
    setting: &Setting<'_>,
    asked: bool,
) {
    let config = &house.plan.config;
    if let Some(mut event) = log.event(0, 0.0, "world", "", "began") {
        event
            .add("configuration", &*house.plan.name)
            .add("day", &day)
            .add("beds", &config.beds)
            .add("staff", house.staff.names())
            .add("arrivals_per_hour", &config.arrivals_per_hour)
            .add("overlap", &config.overlap)
            .add("ticks", &setting.horizon)
            .add("day_minutes", &config.day_minutes)
            .add("warm_up_minutes", &config.warm_up_minutes)
            .add("restricted_to_minutes", &config.restricted_to_minutes)
            .add("acuity_weights", &house.plan.bedside.acuity_weights)
            .add("edges", &setting.graph.edges())
            .add("diameter", &setting.graph.diameter());
        if let Some(deterioration) = &house.plan.deterioration {
            event.add("deteriorating", &deterioration.share);
        }
        if asked {
            event.add("asked", &true);
        }
    }
}

/// The tick as a whole; the last one ends the day.
pub(super) fn close_tick(mut days: Query<(&mut Episode, &mut EpisodeLog, &mut ClinicDay)>) {
    for (mut episode, mut log, mut day) in &mut days {
        if episode.outcome.is_some() || !day.chosen {
            continue;
        }
        let day = &mut *day;
        day.chosen = false;
        let (round, at_min) = (day.round, day.day.now_min());
        let played = day.played;
        if !played.utility.is_finite() {
            episode.end(Outcome::Failed(format!(
                "tick {round}: the objective gave {}, expected a finite number",
                played.utility
            )));
            continue;
        }
        let counts = day.day.counts();
        if let Some(mut event) = log.0.event(round.0, at_min, "world", "", "tick") {
            event
                .add("arrivals", &counts.arrivals)
                .add("waiting", &counts.waiting)
                .add("in_bed", &counts.in_bed)
                .add("gone", &counts.gone())
                .add("left", &counts.left)
                .add("utility", &played.utility);
            if let Some(best) = played.best {
                event.add("best", &best).add("moved", &played.moved);
            }
            event
                .add("messages", &day.traffic.messages)
                .add("floats", &day.traffic.floats);
        }
        if round.0 >= day.ticks {
            episode.end(Outcome::Done);
        }
    }
}
