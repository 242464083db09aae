//! The subjects on which a trace is run: built when one is asked for first, and kept, so that a kernel boots once.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use stalemap_commands::{ChosenSubject, Subjects as _};
use stalemap_linux::{Cache, HISTORY, Kernels, MUTANTS, TROPHIES, Target};
use stalemap_page::{Offer, Shown, Variant};

use super::orders::Wanted;
use crate::catalogue::{Choice, Line, SubjectName};

/// Subjects that are kept: each kernel with another fault is a process of its own.
const MOST_BUILT: usize = 6;

/// The subjects that there are.
pub(super) struct Offered {
    line: Line,
    names: Vec<SubjectName>,
    /// How many of them are driven from the start.
    chosen: usize,
    built: Mutex<BTreeMap<Wanted, Driven>>,
}

/// A subject that is driven.
#[derive(Clone)]
pub(super) struct Driven {
    /// What chooses it in a command.
    pub(super) choice: Choice,
    pub(super) subject: ChosenSubject,
}

impl Offered {
    /// Those that are given, the implementation, and the kernels that are built.
    pub(super) fn new(line: &Line, given: &[SubjectName]) -> Result<Offered> {
        let mut names: Vec<SubjectName> = Vec::new();
        let given = if given.is_empty() { &[SubjectName::Implementation] } else { given };
        for name in given.iter().filter(|name| **name != SubjectName::Implementation) {
            let choice = Choice::of(name.clone(), None)?;
            line.subjects().chosen(&choice).with_context(|| name.word())?;
        }
        for name in given.iter().cloned().chain([SubjectName::Implementation]).chain(kernels()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let chosen = names.iter().filter(|name| given.contains(name)).count();
        Ok(Offered { line: line.clone(), names, chosen, built: Mutex::default() })
    }

    /// As the page shows them.
    pub(super) fn offers(&self) -> Vec<Offer> {
        let offer = |(at, name): (usize, &SubjectName)| {
            let (sort, variants) = variants(name);
            Offer { name: name.word(), is_chosen: at < self.chosen, sort, variants }
        };
        self.names.iter().enumerate().map(offer).collect()
    }

    /// The command that replays a file on a subject.
    pub(super) fn replay(&self, driven: &Driven, file: &str) -> String {
        self.line.replay(&driven.choice).in_file(file)
    }

    /// One of them.
    pub(super) fn driven(&self, wanted: &Wanted) -> Result<Driven> {
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(driven) = built.get(wanted) {
            return Ok(driven.clone());
        }
        let name = self.names.iter().find(|name| name.word() == wanted.name);
        let name = name.with_context(|| format!("there is no subject {} here", wanted.name))?;
        let choice = Choice::of(name.clone(), wanted.variant.as_deref())?;
        let ChosenSubject { name, build } = self.line.subjects().chosen(&choice.clone().isolated())?;
        if built.len() >= MOST_BUILT {
            // A kernel that is not asked any more stops when the last run on it ends.
            built.pop_first();
        }
        let driven = Driven { choice, subject: ChosenSubject { name, build } };
        built.insert(wanted.clone(), driven.clone());
        Ok(driven)
    }

    /// All that are wanted, as columns of a page.
    pub(super) fn shown(&self, wanted: &[Wanted]) -> Result<Vec<(Driven, Shown)>> {
        ensure!(!wanted.is_empty(), "choose a subject");
        let shown = |wanted: &Wanted| {
            let driven = self.driven(wanted)?;
            let ChosenSubject { name, build } = driven.subject.clone();
            Ok((driven, Shown { name, build, is_recorded: false, watch: None }))
        };
        wanted.iter().map(shown).collect()
    }
}

/// The kernels that are built.
fn kernels() -> Vec<SubjectName> {
    let Ok(cache) = Cache::of_the_user() else { return Vec::new() };
    let is_built = |target: &Target| Kernels::cached(&cache, *target, 0).is_ok();
    Target::all().filter(is_built).map(SubjectName::Linux).collect()
}

/// The faults that can be switched on in a subject, and what they are called together.
fn variants(name: &SubjectName) -> (&'static str, Vec<Variant>) {
    match name {
        SubjectName::Implementation => ("seeded bug", seeded()),
        SubjectName::Linux(target) => {
            let faults = [MUTANTS, HISTORY, TROPHIES].concat();
            let shown = faults.iter().filter(|fault| fault.shows(target.version(), target.way()));
            let variant =
                |(name, meaning): (&str, &str)| Variant { name: name.to_string(), meaning: meaning.to_string() };
            ("fault", shown.map(|fault| variant((fault.name, fault.meaning))).collect())
        }
        SubjectName::Library(_) | SubjectName::Program(_) => ("", Vec::new()),
    }
}

#[cfg(feature = "seeded-bugs")]
fn seeded() -> Vec<Variant> {
    let variant = |bug: &stalemap_implementation::Bug| Variant {
        name: bug.name().to_string(),
        meaning: bug.about().split_whitespace().collect::<Vec<_>>().join(" "),
    };
    stalemap_implementation::Bug::ALL.iter().map(variant).collect()
}

#[cfg(not(feature = "seeded-bugs"))]
fn seeded() -> Vec<Variant> {
    Vec::new()
}
