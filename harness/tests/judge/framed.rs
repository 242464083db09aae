//! The reference with frames: a correct subject of machines with huge pages, for liars. Each large folio is in a run of frames.

use stalemap_operations::{
    Capabilities, FrameToken, Home, LargeFolios, Machine, Observation, Operation, Outcome, PageView, Scope, Subject,
    Touched,
};
use stalemap_reference::Model;

/// The reference, whose pages are in the lowest frames: first those of large folios, then the others.
pub(crate) struct Framed {
    model: Model,
    /// For which large folios of the next operation a run is found; for all that it can be where nothing is said.
    pub(crate) found: &'static [bool],
    touched: Touched,
}

impl Framed {
    pub(crate) fn new(machine: Machine) -> Framed {
        let able = Capabilities { large_folios: LargeFolios::ByClaim, ..Capabilities::ALL };
        let model = Model::new(machine, Home::ALL.map(|home| machine.frames(home))).beside(&able);
        Framed { model, found: &[], touched: Touched::default() }
    }

    fn whole(&self) -> Observation {
        let mut whole = Observation::default();
        self.model.observe(&Scope::everything(), &mut whole);
        whole
    }

    /// The frame of a page among these.
    fn frame(&self, page: &PageView, whole: &Observation) -> FrameToken {
        let here = |other: &&PageView| other.home == page.home;
        let mut heads =
            whole.pages.iter().filter(here).filter_map(|other| other.folio).map(|folio| folio.head).collect::<Vec<_>>();
        heads.sort_unstable();
        heads.dedup();
        let behind = |count: usize| u32::try_from(count).expect("a few");
        let size = self.model.machine().huge_pages();
        let offset = match page.folio {
            Some(folio) => behind(heads.iter().filter(|&&head| head < folio.head).count()) * size + folio.index,
            None => {
                let before = whole.pages.iter().filter(here).filter(|it| it.folio.is_none() && it.token < page.token);
                behind(heads.len()) * size + behind(before.count())
            }
        };
        FrameToken { home: page.home, offset }
    }
}

impl Subject for Framed {
    fn name(&self) -> &'static str {
        "framed"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::ALL
    }

    fn machine(&self) -> &Machine {
        self.model.machine()
    }

    fn reset(&mut self) {
        self.model.reset();
        (self.found, self.touched) = (&[], Touched::default());
    }

    fn apply(&mut self, operation: Operation) -> Outcome {
        let answer = self.model.apply_after(operation, None, self.found);
        self.model.touched(&mut self.touched);
        // Any page may be in another frame.
        self.touched.pages.extend(self.whole().pages.iter().map(|page| page.token));
        answer
    }

    fn touched(&mut self, into: &mut Touched) -> bool {
        into.take(&mut self.touched);
        true
    }

    fn runs(&self) -> &[bool] {
        self.found
    }

    fn observe(&self, scope: &Scope, into: &mut Observation) {
        self.model.observe(scope, into);
        let whole = self.whole();
        for page in &mut into.pages {
            page.frame = Some(self.frame(page, &whole));
        }
    }
}
