//! Campaigns and explorations as a library: executions of any subject beside the reference, spread over jobs, and what they
//! find.
//!
//! A [`Campaign`] makes executions from a seed and runs them; it reports to an [`Observer`] and prints nothing.
//! [`Findings`] counts what diverges and brings each new finding to its canonical form, so that one fault is one finding; a
//! [`Sighting`] does so with a single divergence. A [`Store`] keeps findings in a folder, and merges with stores of other machines
//! that each did a [`Shard`]. A [`Hunt`] looks for the first divergence at a seed.
//!
//! ```
//! use stalemap_campaign::{Campaign, Diverged, Observer, Progress};
//! use stalemap_implementation::Implementation;
//! use stalemap_operations::Machine;
//! use std::ops::ControlFlow;
//!
//! /// Ends the campaign with the first divergence.
//! #[derive(Default)]
//! struct First(Option<Diverged>);
//!
//! impl Observer for First {
//!     fn diverged(&mut self, diverged: Diverged) -> ControlFlow<()> {
//!         self.0 = Some(diverged);
//!         ControlFlow::Break(())
//!     }
//!     fn progress(&mut self, _: &Progress) {}
//! }
//!
//! let build = |machine: &Machine| Ok(Implementation::new(machine));
//! let mut first = First::default();
//! let stats = Campaign::new(build).seed(7).runs(100).jobs(1).run(&mut first)?;
//! assert_eq!(stats.executions, 100);
//! assert!(first.0.is_none(), "the implementation agrees with the reference");
//! # Ok::<(), stalemap_campaign::CampaignError>(())
//! ```
//!
//! An [`Exploration`] tries every operation from every state of a tiny machine, breadth first. The subject is one whose
//! states can be told apart: it implements [`Explorable`](stalemap_operations::Explorable).
//!
//! ```
//! use stalemap_campaign::{Deeper, Exploration};
//! use stalemap_implementation::Implementation;
//! use stalemap_operations::{Dialect, Machine};
//!
//! let machine = Machine::new([1, 0, 0], 1, 1, Dialect::Linux6_12).expect("sizes within limits");
//! let build = |machine: &Machine| Ok(Implementation::new(machine));
//! let mut exploration = Exploration::new(build, machine)?;
//! for _ in 0..2 {
//!     let deeper = exploration.deepen(1, &|| false, &mut |_| {})?;
//!     assert!(matches!(deeper, Deeper::Edges(1..)), "the implementation agrees with the reference: {deeper:?}");
//! }
//! assert_eq!(exploration.states(), 11);
//! # Ok::<(), stalemap_campaign::ExploreError>(())
//! ```

mod campaign;
mod explore;
mod findings;
mod hunt;
mod on_hang;
mod sampling;
mod shard;
mod sighting;
mod store;
mod transition_table;
mod whole;

pub use campaign::{Campaign, CampaignError, CampaignFault, CampaignStats, Diverged, Observer, Progress};
pub use explore::{Deeper, DepthProgress, Exploration, ExploreError, Way};
pub use findings::{Findings, Sampled, Times};
pub use hunt::{FirstDivergence, Hunt, Hunted, Source};
pub use shard::{NotAShard, Shard};
pub use sighting::{Form, Found, Sighting};
pub use store::{
    Added, CampaignId, Contents, Earlier, Entry, Merged, Passed, PassedFile, Piece, Recorded, Sample, Store, StoreError,
};
pub use transition_table::transition_table;
pub use whole::{check_file, check_folder, write_whole};
