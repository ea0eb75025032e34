//! The staff goes to its beds and works there until the tick ends.

use bevy_ecs::prelude::*;
use rounds_environments::clinic::day::{Happening, What};
use rounds_environments::clinic::patient::Patient;
use rounds_environments::environment::EnvironmentError;

use super::day::{Bed, ClinicDay, House};
use super::record::Scribe;
use crate::coordination::guarded;
use crate::engine::{Episode, EpisodeClock, EpisodeLog, MemberOf};

/// Everybody goes to the bed that was chosen: the team of a bed is who stands there.
pub(super) fn send(
    mut commands: Commands,
    mut days: Query<(&Episode, &mut EpisodeLog, &ClinicDay)>,
    places: Query<&MemberOf>,
) {
    for (episode, mut log, day) in &mut days {
        if episode.outcome.is_some() || !day.chosen {
            continue;
        }
        for (&specialist, action) in day.staff.iter().zip(&day.actions) {
            let here = places.get(specialist).ok().map(|member| member.0);
            let there = action.and_then(|bed| day.beds.get(bed as usize).copied());
            match there {
                _ if here == there => {}
                Some(bed) => {
                    commands.entity(specialist).insert(MemberOf(bed));
                }
                None => {
                    commands.entity(specialist).remove::<MemberOf>();
                }
            }
        }
        Scribe::new(&mut log.0, day.round.0, &day.house).assigned(day.day.now_min(), &day.actions);
    }
}

/// The day goes on until the tick ends: who is free asks, and the charts are filled.
pub(super) fn work(
    mut days: Query<(
        &mut Episode,
        &mut EpisodeLog,
        &mut EpisodeClock,
        &mut ClinicDay,
    )>,
    places: Query<&MemberOf>,
    mut beds: Query<&mut Bed>,
    mut standing: Local<Vec<Option<u32>>>,
) {
    for (mut episode, mut log, mut clock, mut day) in &mut days {
        if episode.outcome.is_some() || !day.chosen {
            continue;
        }
        standing.clear();
        for &specialist in &day.staff {
            let bed = places.get(specialist).ok();
            let bed = bed.and_then(|member| beds.get(member.0).ok());
            standing.push(bed.map(|bed| bed.number));
        }
        let until = day.until_min();
        let round = day.round.0;
        let ClinicDay {
            day,
            house,
            beds: entities,
            ..
        } = &mut *day;
        guarded::<EnvironmentError>(&mut episode, || {
            let mut scribe = Scribe::new(&mut log.0, round, house);
            day.begin_tick(&standing)?;
            while let Some(happening) = day.next(until) {
                let bed = match happening.what {
                    What::Arrived | What::Left => None,
                    What::Bedded { bed }
                    | What::Ready { bed, .. }
                    | What::Answered { bed, .. }
                    | What::ScanBegan { bed, .. }
                    | What::Resulted { bed, .. }
                    | What::Expired { bed }
                    | What::Discharged { bed } => entities.get(bed as usize).copied(),
                };
                match bed.map(|bed| beds.get_mut(bed)) {
                    Some(Ok(mut bed)) => at_bed(day, house, &mut bed, happening, &mut scribe)?,
                    Some(Err(_)) | None => scribe.outside(day, happening),
                }
            }
            Ok(())
        });
        clock.0.pass_until(day.now_min());
    }
}

/// What happens at a bed, and what the staff makes of it.
fn at_bed(
    day: &mut rounds_environments::clinic::day::Day,
    house: &House,
    bed: &mut Bed,
    happening: Happening,
    scribe: &mut Scribe<'_>,
) -> Result<(), EnvironmentError> {
    let clinicians = &house.clinicians;
    let Bed {
        number,
        bedside,
        answer,
        ..
    } = bed;
    match happening.what {
        What::Bedded { .. } => {
            *answer = None;
            scribe.at_bed(day, *number, happening);
            if let Some(patient) = day.patient(happening.patient) {
                let observed = patient.patient.introduction().observed.iter().copied();
                bedside.open(clinicians, observed);
            }
        }
        What::Ready { hand, .. } => {
            let specialist = day.specialist_of(hand) as usize;
            if let Some((finding, _)) = bedside.best_question(clinicians, specialist) {
                let means = day.ask(hand, finding)?;
                bedside.order(finding);
                scribe.asked(happening, specialist, *number, finding, means);
            }
            return Ok(());
        }
        What::Answered {
            finding, present, ..
        }
        | What::Resulted {
            finding, present, ..
        } => {
            scribe.at_bed(day, *number, happening);
            bedside.learn(clinicians, finding, present);
        }
        What::Expired { .. } => {
            let (condition, p) = bedside.first(clinicians);
            day.diagnose(*number)?;
            *answer = Some(condition);
            scribe.diagnosed(happening, *number, condition, p, true);
            return Ok(());
        }
        What::Arrived | What::Left | What::ScanBegan { .. } | What::Discharged { .. } => {
            scribe.at_bed(day, *number, happening);
            return Ok(());
        }
    }
    let (condition, p) = bedside.first(clinicians);
    if p >= clinicians.config().stop_at {
        day.diagnose(*number)?;
        *answer = Some(condition);
        scribe.diagnosed(happening, *number, condition, p, false);
    }
    Ok(())
}
