"""`cupy.cuda.stream`: queues of work, which here is done at once."""

from __future__ import annotations

from cupy._state import state


class Event:
    """A mark in a stream, which the host or another stream can wait for."""

    done = True

    def __init__(self, block=False, disable_timing=False, interprocess=False):
        self._queued = None

    def record(self, stream=None) -> None:
        """Set the mark after what is in the stream now."""
        self._queued = state.queued

    def synchronize(self) -> None:
        """Let the host wait for it."""
        state.note_wait(self._queued or 0)


class Stream:
    """A queue of work; as a context manager it is the current one."""

    null: Stream
    done = True

    def __init__(self, null=False, non_blocking=False, ptds=False, priority=None):
        self.is_non_blocking, self._before = non_blocking, []

    def __enter__(self):
        self._before.append(get_current_stream())
        return self.use()

    def __exit__(self, *error):
        self._before.pop().use()

    def use(self) -> Stream:
        """Make it the current one."""
        _current[0] = self
        return self

    def record(self, event=None) -> Event:
        """Set a mark after what is in the stream now."""
        event = Event() if event is None else event
        event.record(self)
        return event

    def wait_event(self, event) -> None:
        """Let what comes into this stream wait for a mark."""
        assert event._queued is not None, "the event was never recorded"

    def synchronize(self) -> None:
        """Let the host wait until it is empty."""
        state.note_wait()


def get_current_stream(device_id=-1) -> Stream:
    """The queue that work goes into now."""
    return _current[0]


def get_elapsed_time(start_event, end_event) -> float:
    """Milliseconds between two marks."""
    marks = start_event._queued, end_event._queued
    assert None not in marks, "an event was never recorded"
    return 1.0


Stream.null = Stream(null=True)
_current = [Stream.null]
