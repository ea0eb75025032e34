//! The day as a discrete-event simulation.

use std::collections::VecDeque;
use std::sync::Arc;

use super::arrivals::DayPatient;
use super::beds::{Counts, Phase, Visit, WaitingLine};
use super::config::{DayConfig, Service, Staffing};
use super::happening::{Happening, What};
use super::imaging::{Means, MeansTable};
use super::scanner::Scanner;
use crate::clinic::dialogue::Question;
use crate::clinic::knowledge::FindingIx;
use crate::clinic::patient::Patient;
use crate::clock::Agenda;
use crate::environment::EnvironmentError;
use crate::ids::AgentId;

/// What is scheduled.
#[derive(Debug, Clone, Copy)]
enum Due {
    Arrive(u32),
    /// Patience of a waiting patient ends.
    Leave(u32),
    /// The time in bed ends.
    Expire(u32),
    /// The bed is to be freed.
    Release(u32),
    /// A question or an order is done.
    Done(u32),
    /// The laboratory has a result.
    Result(u32, FindingIx),
    ScanEnd(u32, FindingIx),
}

/// One specialist at one bed, or on the way.
#[derive(Debug, Clone, Copy, Default)]
struct Hand {
    bed: Option<u32>,
    busy: bool,
    /// The question that is being asked, and whom.
    asking: Option<(u32, FindingIx)>,
    /// Whether [`What::Ready`] is under way.
    called: bool,
}

/// One day: its patients, beds, laboratory and scanner in continuous time.
///
/// The order of use: [`Day::begin_tick`] puts the staff where it is sent, then [`Day::next`] tells
/// what happens until the tick ends, one thing after the other. At [`What::Ready`] a pair of hands
/// may [`Day::ask`]; an answer may lead to [`Day::diagnose`]; then `next` goes on.
///
/// A patient can be asked while it is in the scanner. A specialist who is sent away ends the question
/// that has begun.
#[derive(Debug, Clone)]
pub struct Day {
    config: Arc<DayConfig>,
    means: Arc<MeansTable>,
    patients: Vec<DayPatient>,
    visits: Vec<Visit>,
    beds: Vec<Option<u32>>,
    line: WaitingLine,
    scanner: Scanner,
    hands: Vec<Hand>,
    agenda: Agenda<Due>,
    pending: VecDeque<Happening>,
    counts: Counts,
    until_min: f64,
}

impl Day {
    /// A day with these patients, sorted by arrival; see [`super::arrivals`].
    ///
    /// `config` must be valid.
    pub fn new(config: Arc<DayConfig>, means: Arc<MeansTable>, patients: Vec<DayPatient>) -> Self {
        let (beds, staff) = (config.beds as usize, config.staff as usize);
        let hands = match config.staffing {
            Staffing::Shared => vec![Hand::default(); staff],
            Staffing::Unlimited => (0..beds * staff)
                .map(|hand| Hand {
                    bed: Some((hand / staff) as u32),
                    ..Hand::default()
                })
                .collect(),
        };
        let mut day = Self {
            visits: vec![Visit::default(); patients.len()],
            beds: vec![None; beds],
            line: WaitingLine::new(config.queue),
            scanner: Scanner::new(config.scanners),
            hands,
            agenda: Agenda::default(),
            pending: VecDeque::new(),
            counts: Counts::default(),
            until_min: 0.0,
            config,
            means,
            patients,
        };
        day.expect(0);
        day
    }

    /// The settings.
    pub fn config(&self) -> &DayConfig {
        &self.config
    }

    /// Minutes since the start of the day.
    pub fn now_min(&self) -> f64 {
        self.agenda.now_min()
    }

    /// A patient by its number; `None` when there are fewer in this day.
    pub fn patient(&self, number: u32) -> Option<&DayPatient> {
        self.patients.get(number as usize)
    }

    /// Where a patient is.
    pub fn phase(&self, number: u32) -> Phase {
        let visit = self.visits.get(number as usize);
        visit.map_or(Phase::Expected, |visit| visit.phase)
    }

    /// Who is in a bed.
    pub fn in_bed(&self, bed: u32) -> Option<u32> {
        self.beds.get(bed as usize).copied().flatten()
    }

    /// How many patients are where.
    pub fn counts(&self) -> Counts {
        Counts {
            waiting: self.line.len() as u32,
            in_bed: self.beds.iter().flatten().count() as u32,
            ..self.counts
        }
    }

    /// The specialist that a pair of hands belongs to.
    pub fn specialist_of(&self, hand: u32) -> u32 {
        hand % self.config.staff
    }

    /// Puts each specialist at a bed, or nowhere. Where staffing is unlimited, all stay at all beds.
    ///
    /// # Errors
    /// [`EnvironmentError::InvalidAction`] for a bed that does not exist, and
    /// [`EnvironmentError::Failed`] for another number of places than specialists.
    pub fn begin_tick(&mut self, places: &[Option<u32>]) -> Result<(), EnvironmentError> {
        let staff = self.config.staff as usize;
        if places.len() != staff {
            return Err(EnvironmentError::Failed(format!(
                "expected the places of {staff} specialists, got {}",
                places.len()
            )));
        }
        for (i, place) in places.iter().enumerate() {
            if let Some(bed) = place.filter(|&bed| bed >= self.config.beds) {
                let beds = self.config.beds;
                return Err(EnvironmentError::InvalidAction {
                    agent: AgentId(i as u32),
                    why: format!("expected a bed below {beds}, got {bed}"),
                });
            }
        }
        if self.config.staffing == Staffing::Shared {
            for (hand, place) in self.hands.iter_mut().zip(places) {
                hand.bed = *place;
            }
        }
        self.until_min = f64::INFINITY;
        for hand in 0..self.hands.len() {
            self.call(hand);
        }
        Ok(())
    }

    /// The next thing that happens until `until_min`; `None` when the time has come.
    pub fn next(&mut self, until_min: f64) -> Option<Happening> {
        self.until_min = until_min;
        loop {
            while let Some(happening) = self.pending.pop_front() {
                if let What::Ready { bed, hand } = happening.what {
                    let hand = &mut self.hands[hand as usize];
                    hand.called = false;
                    // The visit may be over, or the hands busy, since they were called.
                    let there = hand.bed == Some(bed) && !hand.busy;
                    let open = self.visits[happening.patient as usize].phase == Phase::Open;
                    if !(there && open && self.beds[bed as usize] == Some(happening.patient)) {
                        continue;
                    }
                }
                return Some(happening);
            }
            if self.agenda.next_at_min().is_none_or(|at| at > until_min) {
                self.agenda.pass_until(until_min);
                return None;
            }
            let due = self.agenda.advance_to_next()?;
            self.handle(due);
        }
    }

    /// Lets a free pair of hands ask for a finding at its bed, or order it; says which.
    ///
    /// # Errors
    /// [`EnvironmentError::InvalidAction`] when the hands are busy or at no open visit, or there is
    /// no such finding.
    pub fn ask(&mut self, hand: u32, finding: FindingIx) -> Result<Means, EnvironmentError> {
        let refuse = |why: &str| EnvironmentError::InvalidAction {
            agent: AgentId(self.specialist_of(hand)),
            why: why.to_owned(),
        };
        let Some(here) = self.hands.get(hand as usize).filter(|hand| !hand.busy) else {
            return Err(refuse("expected free hands"));
        };
        let patient = here.bed.and_then(|bed| self.in_bed(bed));
        let Some(patient) = patient.filter(|&p| self.phase(p) == Phase::Open) else {
            return Err(refuse("expected a bed with an open visit"));
        };
        let Some((means, minutes)) = self.means.of(finding) else {
            return Err(refuse("expected a finding of the knowledge base"));
        };
        let now = self.now_min();
        let own = match means {
            Means::Bedside => minutes,
            Means::Laboratory | Means::Scanner => self.config.question_minutes,
        };
        let here = &mut self.hands[hand as usize];
        here.busy = true;
        here.asking = (means == Means::Bedside).then_some((patient, finding));
        self.agenda.schedule(now + own, Due::Done(hand));
        match means {
            Means::Bedside => {}
            Means::Laboratory => {
                let due = Due::Result(patient, finding);
                self.agenda.schedule(now + minutes, due);
            }
            Means::Scanner => {
                self.scanner.ask((patient, finding));
                self.scan();
            }
        }
        Ok(means)
    }

    /// Diagnoses the open visit at a bed. Where service lasts until the diagnosis, its bed is freed
    /// after the dismissal.
    ///
    /// # Errors
    /// [`EnvironmentError::Failed`] when there is no open visit.
    pub fn diagnose(&mut self, bed: u32) -> Result<(), EnvironmentError> {
        let patient = self.in_bed(bed).filter(|&p| self.phase(p) == Phase::Open);
        let Some(patient) = patient else {
            return Err(EnvironmentError::Failed(format!(
                "bed {bed}: expected an open visit to diagnose"
            )));
        };
        self.visits[patient as usize].phase = Phase::Diagnosed;
        if self.config.service == Service::UntilDiagnosed {
            self.release_in(patient, self.config.dismissal_minutes);
        }
        Ok(())
    }

    fn release_in(&mut self, patient: u32, minutes: f64) {
        let visit = &mut self.visits[patient as usize];
        if !visit.releasing {
            visit.releasing = true;
            let at = self.agenda.now_min() + minutes;
            self.agenda.schedule(at, Due::Release(patient));
        }
    }

    fn tell(&mut self, patient: u32, what: What) {
        let at_min = self.now_min();
        self.pending.push_back(Happening {
            at_min,
            patient,
            what,
        });
    }

    fn expect(&mut self, patient: u32) {
        if let Some(next) = self.patients.get(patient as usize) {
            self.agenda.schedule(next.arrives_min, Due::Arrive(patient));
        }
    }

    fn handle(&mut self, due: Due) {
        match due {
            Due::Arrive(patient) => self.arrive(patient),
            Due::Leave(patient) => {
                if self.phase(patient) == Phase::Waiting {
                    let acuity = self.patients[patient as usize].acuity;
                    self.line.leave(patient, acuity);
                    self.visits[patient as usize].phase = Phase::Left;
                    self.counts.left += 1;
                    self.tell(patient, What::Left);
                }
            }
            Due::Expire(patient) => self.expire(patient),
            Due::Release(patient) => self.release(patient),
            Due::Done(hand) => self.done(hand as usize),
            Due::Result(patient, finding) => self.result(patient, finding),
            Due::ScanEnd(patient, finding) => {
                self.scanner.end();
                self.result(patient, finding);
                self.scan();
            }
        }
    }

    fn arrive(&mut self, patient: u32) {
        self.counts.arrivals += 1;
        self.visits[patient as usize].phase = Phase::Waiting;
        self.tell(patient, What::Arrived);
        let here = &self.patients[patient as usize];
        self.line.join(patient, here.acuity);
        match self.beds.iter().position(Option::is_none) {
            Some(bed) => self.admit(bed),
            None if here.patience_min.is_finite() => {
                let at = here.arrives_min + here.patience_min;
                self.agenda.schedule(at, Due::Leave(patient));
            }
            None => {}
        }
        self.expect(patient + 1);
    }

    /// Gives a free bed to who is next.
    fn admit(&mut self, bed: usize) {
        let Some(patient) = self.line.take_next() else {
            return;
        };
        self.beds[bed] = Some(patient);
        let visit = &mut self.visits[patient as usize];
        (visit.phase, visit.bed) = (Phase::Open, bed as u32);
        let minutes = match self.config.service {
            Service::UntilDiagnosed => self.config.most_minutes_in_bed,
            Service::Exponential { .. } => self.patients[patient as usize].service_min,
        };
        let at = self.now_min() + minutes;
        self.agenda.schedule(at, Due::Expire(patient));
        self.tell(patient, What::Bedded { bed: bed as u32 });
        self.wake(bed as u32);
    }

    fn expire(&mut self, patient: u32) {
        let Visit { phase, bed, .. } = self.visits[patient as usize];
        if phase == Phase::Open {
            self.tell(patient, What::Expired { bed });
        }
        match (self.config.service, phase) {
            (Service::UntilDiagnosed, Phase::Open) => {
                self.release_in(patient, self.config.dismissal_minutes);
            }
            (Service::Exponential { .. }, _) => self.release_in(patient, 0.0),
            (Service::UntilDiagnosed, _) => {}
        }
    }

    fn release(&mut self, patient: u32) {
        let visit = &mut self.visits[patient as usize];
        visit.phase = Phase::Discharged;
        let bed = visit.bed;
        self.beds[bed as usize] = None;
        self.counts.discharged += 1;
        self.tell(patient, What::Discharged { bed });
        self.admit(bed as usize);
    }

    fn done(&mut self, hand: usize) {
        let asked = self.hands[hand].asking.take();
        self.hands[hand].busy = false;
        if let Some((patient, finding)) = asked
            && self.phase(patient) == Phase::Open
        {
            let bed = self.visits[patient as usize].bed;
            let what = What::Answered {
                bed,
                hand: hand as u32,
                finding,
                present: self.look_up(patient, finding),
            };
            self.tell(patient, what);
            self.wake(bed);
        }
        self.call(hand);
    }

    fn result(&mut self, patient: u32, finding: FindingIx) {
        if self.phase(patient) == Phase::Open {
            let bed = self.visits[patient as usize].bed;
            let what = What::Resulted {
                bed,
                finding,
                present: self.look_up(patient, finding),
            };
            self.tell(patient, what);
            self.wake(bed);
        }
    }

    fn look_up(&self, patient: u32, finding: FindingIx) -> Option<bool> {
        let question = Question::Finding(finding);
        let patient = &self.patients[patient as usize].patient;
        patient.answer(&question, self.now_min()).present
    }

    /// Begins the scans for which a scanner is free.
    fn scan(&mut self) {
        loop {
            let visits = &self.visits;
            let wanted = |patient: u32| visits[patient as usize].phase == Phase::Open;
            let Some((patient, finding)) = self.scanner.begin(wanted) else {
                return;
            };
            let bed = self.visits[patient as usize].bed;
            self.tell(patient, What::ScanBegan { bed, finding });
            let at = self.now_min() + self.config.scan_minutes;
            self.agenda.schedule(at, Due::ScanEnd(patient, finding));
        }
    }

    /// Calls everybody who stands idle at a bed: there is something new.
    fn wake(&mut self, bed: u32) {
        let staff = self.config.staff as usize;
        let range = match self.config.staffing {
            Staffing::Shared => 0..staff,
            Staffing::Unlimited => bed as usize * staff..(bed as usize + 1) * staff,
        };
        for hand in range {
            if self.hands[hand].bed == Some(bed) {
                self.call(hand);
            }
        }
    }

    /// Calls idle hands to the open visit at their bed, unless the tick is over.
    fn call(&mut self, hand: usize) {
        let Hand {
            bed, busy, called, ..
        } = self.hands[hand];
        let Some(bed) = bed.filter(|_| !busy && !called && self.now_min() < self.until_min) else {
            return;
        };
        if let Some(patient) = self.in_bed(bed)
            && self.phase(patient) == Phase::Open
        {
            self.hands[hand].called = true;
            let hand = hand as u32;
            self.tell(patient, What::Ready { bed, hand });
        }
    }
}

#[cfg(test)]
#[path = "simulation_tests.rs"]
mod tests;
