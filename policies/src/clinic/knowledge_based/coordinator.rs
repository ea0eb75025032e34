//! Triage and team changes by a coarse model over specialities.

use rounds_environments::clinic::knowledge::SpecialityIx;

use super::config::KnowledgeConfig;
use crate::clinic::belief::{Class, Scope};
use crate::clinic::task::Speciality;

/// Specialities with their probability, most likely first; the lowest index wins ties.
pub(super) fn ranked(coarse: &Scope, posterior: &[f64]) -> Vec<(SpecialityIx, f64)> {
    let mut shares: Vec<_> = coarse
        .classes()
        .iter()
        .zip(posterior)
        .filter_map(|(class, &g)| match class {
            Class::Speciality(s) => Some((*s, g)),
            Class::Condition(_) | Class::Other => None,
        })
        .collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    shares
}

/// The team of the next round: those who stay in team order, then additions by falling share,
/// at most `most`. A generalist always stays. With `most` = 1 a specialist is replaced by the
/// speciality of greatest share. Never empty.
pub(super) fn next_team(
    config: &KnowledgeConfig,
    ranked: &[(SpecialityIx, f64)],
    team: &[Speciality],
    most: usize,
) -> Vec<Speciality> {
    let share = |s: SpecialityIx| {
        ranked
            .iter()
            .find(|(other, _)| *other == s)
            .map_or(0.0, |&(_, g)| g)
    };
    let first = ranked.first().map(|&(s, _)| s);
    let mut next: Vec<Speciality> = Vec::new();
    for member in team {
        let stays = match member {
            Speciality::Known(s) if most == 1 => first == Some(*s),
            Speciality::Known(s) => share(*s) >= config.remove_below,
            Speciality::Generalist => true,
            Speciality::Named(_) => false,
        };
        if stays && !next.contains(member) {
            next.push(member.clone());
        }
    }
    for &(s, g) in ranked {
        let member = Speciality::Known(s);
        if g >= config.add_at && !next.contains(&member) {
            next.push(member);
        }
    }
    if next.is_empty() {
        next.extend(first.map(Speciality::Known));
    }
    next.truncate(most);
    next
}
