// A copy-on-write memory manager for Stalemap, whose frames are allocated in blocks too. With -DFAULT a page that two spaces share
// is written in place; with -DCRASH a page that is unmapped in the second space is used after it was freed; with -DOVERLAP a
// block may take frames of pages.
#include <cerrno>
#include <cstdint>
#include <map>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "stalemap.h"

namespace {

struct Page {
    uint8_t value = 0;
    uint32_t entries = 0;
};

struct Entry {
    uint32_t access = STALEMAP_NONE;
    std::optional<uint32_t> frame;
};

using Place = std::pair<uint32_t, uint32_t>;

class Manager {
public:
    explicit Manager(const stalemap_machine &machine) : pages(machine.pages), frames(machine.ram), in_block(machine.ram) {}

    ~Manager()
    {
        for (Page *page : frames)
            delete page;
    }

    int map(uint32_t space, uint32_t first, uint32_t count, uint32_t access)
    {
        for (uint32_t page = first; page < first + count; page++)
            if (mapped.count({space, page}))
                return EEXIST;
        for (uint32_t page = first; page < first + count; page++)
            mapped[{space, page}] = {access, std::nullopt};
        return 0;
    }

    void unmap(uint32_t space, uint32_t first, uint32_t count)
    {
        for (uint32_t page = first; page < first + count; page++) {
            auto found = mapped.find({space, page});
            if (found == mapped.end())
                continue;
            if (found->second.frame)
                drop(space, *found->second.frame);
            mapped.erase(found);
        }
    }

    void protect(uint32_t space, uint32_t first, uint32_t count, uint32_t access)
    {
        for (uint32_t page = first; page < first + count; page++)
            mapped.at({space, page}).access = access;
    }

    void fork(uint32_t parent, uint32_t child)
    {
        std::map<Place, Entry> copies;
        for (const auto &[place, entry] : mapped)
            if (place.first == parent)
                copies[{child, place.second}] = entry;
        for (const auto &[place, entry] : copies)
            if (entry.frame)
                frames[*entry.frame]->entries++;
        mapped.merge(copies);
    }

    void exit(uint32_t space) { unmap(space, 0, pages); }

    int read(uint32_t space, uint32_t page, uint8_t *value)
    {
        auto found = mapped.find({space, page});
        if (found == mapped.end() || found->second.access == STALEMAP_NONE)
            return EFAULT;
        *value = found->second.frame ? frames[*found->second.frame]->value : 0;
        return 0;
    }

    int write(uint32_t space, uint32_t page, uint8_t value)
    {
        auto found = mapped.find({space, page});
        if (found == mapped.end() || found->second.access != STALEMAP_READ_WRITE)
            return EFAULT;
        std::optional<uint32_t> &frame = found->second.frame;
        if (!frame || is_shared(*frame)) {
            std::optional<uint32_t> fresh = allocate();
            if (!fresh)
                return ENOMEM;
            if (frame)
                frames[*frame]->entries--;
            frame = fresh;
        }
        frames[*frame]->value = value;
        return 0;
    }

    int alloc(uint32_t order, uint32_t *first)
    {
        uint32_t count = 1u << order;
        for (uint32_t frame = 0; frame + count <= frames.size(); frame += count) {
            if (!is_free(frame, count))
                continue;
            for (uint32_t taken = frame; taken < frame + count; taken++)
                in_block[taken] = true;
            *first = frame;
            return 0;
        }
        return ENOMEM;
    }

    void free(uint32_t first, uint32_t order)
    {
        for (uint32_t frame = first; frame < first + (1u << order); frame++)
            in_block[frame] = false;
    }

    int look(uint32_t space, uint32_t page, stalemap_mapping *mapping) const
    {
        auto found = mapped.find({space, page});
        if (found == mapped.end())
            return 0;
        mapping->access = found->second.access;
        mapping->is_page = found->second.frame.has_value();
        mapping->frame = found->second.frame.value_or(0);
        return 1;
    }

    const Page &page(uint32_t frame) const { return *frames[frame]; }

    uint32_t free_frames() const
    {
        uint32_t free = 0;
        for (uint32_t frame = 0; frame < frames.size(); frame++)
            free += frames[frame] == nullptr && !in_block[frame];
        return free;
    }

private:
    bool is_free(uint32_t first, uint32_t count) const
    {
        for (uint32_t frame = first; frame < first + count; frame++) {
#ifdef OVERLAP
            if (in_block[frame])
#else
            if (frames[frame] || in_block[frame])
#endif
                return false;
        }
        return true;
    }

    bool is_shared(uint32_t frame) const
    {
#ifdef FAULT
        (void)frame;
        return false;
#else
        return frames[frame]->entries > 1;
#endif
    }

    std::optional<uint32_t> allocate()
    {
        for (uint32_t frame = 0; frame < frames.size(); frame++) {
            if (!frames[frame] && !in_block[frame]) {
                frames[frame] = new Page{0, 1};
                return frame;
            }
        }
        return std::nullopt;
    }

    void drop(uint32_t space, uint32_t frame)
    {
        Page *page = frames[frame];
        if (--page->entries > 0)
            return;
        delete page;
        frames[frame] = nullptr;
#ifdef CRASH
        if (space == 1)
            page->value = 0;
#else
        (void)space;
#endif
    }

    uint32_t pages;
    std::vector<Page *> frames;
    std::vector<bool> in_block;
    std::map<Place, Entry> mapped;
};

Manager *of(void *self) { return static_cast<Manager *>(self); }

stalemap_subject table()
{
    stalemap_subject table = {};
    table.version = STALEMAP_VERSION;
    table.size = sizeof table;
    table.name = "copy on write in C++";
    table.create = [](const stalemap_machine *machine, const char **) -> void * {
        return new (std::nothrow) Manager(*machine);
    };
    table.destroy = [](void *self) { delete of(self); };
    table.splits = 1;
    table.alloc = [](void *self, uint32_t order, uint32_t *first) { return of(self)->alloc(order, first); };
    table.free = [](void *self, uint32_t first, uint32_t order) { of(self)->free(first, order); };
    table.map = [](void *self, uint32_t space, uint32_t page, uint32_t count, uint32_t access) {
        return of(self)->map(space, page, count, access);
    };
    table.unmap = [](void *self, uint32_t space, uint32_t page, uint32_t count) { of(self)->unmap(space, page, count); };
    table.protect = [](void *self, uint32_t space, uint32_t page, uint32_t count, uint32_t access) {
        of(self)->protect(space, page, count, access);
    };
    table.fork = [](void *self, uint32_t parent, uint32_t child) { of(self)->fork(parent, child); };
    table.exit = [](void *self, uint32_t space) { of(self)->exit(space); };
    table.read = [](void *self, uint32_t space, uint32_t page, uint8_t *value) {
        return of(self)->read(space, page, value);
    };
    table.write = [](void *self, uint32_t space, uint32_t page, uint8_t value) {
        return of(self)->write(space, page, value);
    };
    table.look = [](void *self, uint32_t space, uint32_t page, stalemap_mapping *mapping) {
        return of(self)->look(space, page, mapping);
    };
    table.value = [](void *self, uint32_t, uint32_t frame) { return of(self)->page(frame).value; };
    table.mapcount = [](void *self, uint32_t, uint32_t frame) { return of(self)->page(frame).entries; };
    table.free_frames = [](void *self, uint32_t home) { return home == 0 ? of(self)->free_frames() : 0; };
    return table;
}

} // namespace

extern "C" const stalemap_subject *stalemap_get_subject(void)
{
    static const stalemap_subject subject = table();
    return &subject;
}
