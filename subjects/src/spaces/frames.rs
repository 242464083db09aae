//! The frames of a memory manager of this crate: what is in them, how many references they have, and whether one owner is known.

use stalemap::{Errno, Home, Stamp};

/// All frames of RAM.
pub(crate) struct Frames(Vec<Option<Frame>>);

#[derive(Clone, Copy)]
struct Frame {
    stamp: Stamp,
    count: u32,
    exclusive: bool,
}

impl Frames {
    pub(crate) fn new(frames: u32) -> Frames {
        Frames(vec![None; frames as usize])
    }

    /// A fresh frame that one entry maps.
    pub(crate) fn allocate(&mut self) -> Option<u32> {
        let index = self.0.iter().position(Option::is_none)?;
        self.0[index] = Some(Frame { stamp: Stamp(0), count: 1, exclusive: true });
        Some(u32::try_from(index).expect("a machine has fewer than 2^32 frames"))
    }

    /// One more entry maps the frame, and it has no one owner.
    pub(crate) fn share(&mut self, frame: u32) {
        let frame = self.used_mut(frame);
        frame.count += 1;
        frame.exclusive = false;
    }

    /// One more reference that is no entry.
    pub(crate) fn pin(&mut self, frame: u32) {
        self.used_mut(frame).count += 1;
    }

    /// One entry less maps the frame, which is free with the last.
    pub(crate) fn release(&mut self, frame: u32) {
        let used = self.used_mut(frame);
        used.count -= 1;
        if used.count == 0 {
            self.0[frame as usize] = None;
        }
    }

    /// Whether the frame may be written through the one entry that maps it, whose owner is known from then on.
    pub(crate) fn reuse(&mut self, frame: u32) -> bool {
        let frame = self.used_mut(frame);
        frame.exclusive |= frame.count == 1;
        frame.exclusive
    }

    pub(crate) fn is_exclusive(&self, frame: u32) -> bool {
        self.used(frame).exclusive
    }

    pub(crate) fn count(&self, frame: u32) -> u32 {
        self.used(frame).count
    }

    pub(crate) fn stamp(&self, frame: u32) -> Stamp {
        self.used(frame).stamp
    }

    pub(crate) fn set_stamp(&mut self, frame: u32, stamp: Stamp) {
        self.used_mut(frame).stamp = stamp;
    }

    /// A frame of its own for one of the entries that share a frame, with the same content.
    ///
    /// # Errors
    /// `ENOMEM` where none is free; the frame is shared as before.
    pub(crate) fn copy(&mut self, shared: u32) -> Result<u32, Errno> {
        let copy = self.allocate().ok_or(Errno::ENOMEM)?;
        self.set_stamp(copy, self.stamp(shared));
        self.release(shared);
        Ok(copy)
    }

    /// Free frames at a home; all are RAM.
    pub(crate) fn free(&self, home: Home) -> u32 {
        let free = self.0.iter().filter(|frame| home == Home::Ram && frame.is_none()).count();
        u32::try_from(free).expect("a machine has fewer than 2^32 frames")
    }

    fn used(&self, frame: u32) -> &Frame {
        self.0[frame as usize].as_ref().expect("the frame is in use")
    }

    fn used_mut(&mut self, frame: u32) -> &mut Frame {
        self.0[frame as usize].as_mut().expect("the frame is in use")
    }
}
