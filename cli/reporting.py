"""What `watch` and `ingest` show while they work: counts at once, trouble as one sentence."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.exits import sentence
from cli.language import say
from cli.output import print_json, print_line, print_pairs, safe_text, show_path, show_size
from ingest.classification import is_marked_path
from ingest.hints import OVERFLOW
from ingest.intake import Admitted
from ingest.names import decode_name
from ingest.room import Room
from ingest.sweep import Noticed
from ingest.watcher import QUICK_SECONDS, Reporter

_REASONS = {
    "link": ("a link; it is not followed", "是符号链接，不予跟随"),
    "fifo": ("a pipe, not a file", "是管道，不是文件"),
    "socket": ("a socket, not a file", "是套接字，不是文件"),
    "device": ("a device, not a file", "是设备，不是文件"),
    "unreadable": ("it cannot be read", "无法读取"),
    "no_source": ("it lies beside the source folders", "不在任何来源目录内"),
    "sidecar_alone": ("a sidecar that waits for its file", "附带说明正在等待其文件"),
    "sidecar_of": ("a sidecar; name its file instead", "是附带说明，请指定其所属文件"),
    "late_sidecar": (
        "it came after its file had been taken, and nothing was amended by it",
        "附带说明晚于其文件到达，未能据以补充登记",
    ),
    "changing": (
        "it still changes, or somebody writes to it; it is left for another time",
        "仍在变化或写入，留待下次收取",
    ),
    "changed": ("it changed while it was read", "读取期间发生变化"),
    "source_retired": (
        "its source is retired; its drops wait until it is confirmed again",
        "该来源已停用，其文件留待再次确认来源后收取",
    ),
    "over_quota": (
        "its source has used up today's quota; the rest waits for tomorrow, or for a larger one",
        "该来源当日配额已满，其余文件留待次日或提高配额后收取",
    ),
    "passed_over": (
        "a temporary or hidden name; rename it if it is to be taken",
        "属临时或隐藏文件名；如需收取，请改名",
    ),
    "mount_lost": (
        "it was mounted and is not now; mount it, or delete its line in locks/mounts",
        "原为挂载的文件系统，现已脱离；请重新挂载，或从 locks/mounts 中删去该行",
    ),
    "no_marker": ("no ready marker has come for an hour", "一小时内未出现就绪标记"),
    "no_manifest": ("no manifest lists it yet", "尚无清单列出该文件"),
    "marker_alone": ("a ready marker without its file", "就绪标记没有对应的文件"),
    "manifest_waits": ("files that it lists have not come", "清单所列文件尚未到齐"),
    "manifests_many": (
        "more than 10,000 manifests in one folder; the first ones by name are read",
        "一个文件夹中的清单超过 10000 份，只读取按名称排列在前的",
    ),
    "manifest_bad": ("it cannot be read as a manifest", "无法作为清单读取"),
    "list_missing": (
        "rows of this list name files that are not in its folder; its record says which",
        "该附带说明清单所列文件有的不在其文件夹中，详见该清单的记录",
    ),
    "path_long": (
        "its path has 4,096 bytes or more; move the folder up, or give it a shorter name",
        "完整路径达到或超过 4096 字节；请上移文件夹或缩短名称",
    ),
    "crowded": (
        "more than 500,000 files; memory grows by about 1 kB for each",
        "文件超过 50 万个；每个文件约占 1 kB 内存",
    ),
    "fault": (
        "something went wrong with it that nobody foresaw; all else is taken, and it is tried again"
        " now and then. Please report this",
        "处理时发生未预见的错误，不影响其他文件，系统会定时重试。请反馈此问题",
    ),
    "network": (
        "a network file system: it is looked at now and then, and files rest for a minute",
        "位于网络文件系统：定时查看，文件须静置一分钟",
    ),
}


_REFUSED = (
    "refused {count} drop(s) marked as state secrets; nothing of them is kept. In the inbox they"
    " are named .refused-… from now on: take them away and report it (docs/classification.md).",
    "拒收 {count} 个标有国家秘密标志的文件，系统不保留其任何内容。收件目录中的此类文件已改名为"
    " .refused-…，请立即取走并报告保密工作机构（见 docs/classification.md）。",
)
_REFUSED_BY_HAND = (
    "refused {count} file(s) marked as state secrets; nothing of them is kept. They stand where"
    " they were, under their own names: take them off this machine and report it"
    " (docs/classification.md).",
    "拒收 {count} 个标有国家秘密标志的文件，系统不保留其任何内容。文件仍以原名存放在原处，"
    "请立即移出本机并报告保密工作机构（见 docs/classification.md）。",
)
_HIDDEN = "… (a name that bears a mark of secrecy is not shown)", "…（名称标有密级，不予显示）"
_ONLY_SAID = {"crowded", "network"}
"""What is told of a source that is walked all the same."""


@dataclass
class Tally(Reporter):
    """Counts everything; shows lines unless `quiet`."""

    quiet: bool = False
    by_hand: bool = False
    """Files that a person named: they stay where and as they are."""
    inbox: Path | None = None
    totals: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(
            (
                *("records", "bytes", "redropped", "rejected", "refused", "known", "receipts"),
                *("waiting_for_room", "amended", "late_secrets"),
            ),
            0,
        )
    )
    noticed_: list[dict[str, str]] = field(default_factory=list)

    def admitted(self, result: Admitted) -> None:
        """See Reporter."""
        for name in ("records", "bytes", "redropped", "refused", "known"):
            self.totals[name] += getattr(result, name)
        for name in ("rejected", "amended", "late_secrets"):
            self.totals[name] += len(getattr(result, name))
        for item in result.rejected:
            name = show_path(item.drop.file.name)
            reason = say(item.reason.english, item.reason.chinese)
            self._line(
                say(f"quarantined {name}: {reason}", f"已隔离 {name}：{reason}"),
            )
        if result.refused:
            self._refused(result)
        for record in result.amended:
            self._line(
                say(
                    f"a sidecar that came later amends record {record}",
                    f"补到的附带说明已登记于记录 {record}",
                )
            )
        for record in result.late_secrets:
            self._line(
                say(
                    f"! A sidecar that came later marks record {record} as a state secret. The"
                    " sidecar is refused; the record is sealed already and may need"
                    " `cunzheng spill`: report it now (docs/classification.md).",
                    f"！补到的附带说明将记录 {record} 标为国家秘密。该附带说明已拒收，"
                    "但该记录已封存，可能需要执行 cunzheng spill：请立即报告"
                    "（见 docs/classification.md）。",
                )
            )

    def _refused(self, result: Admitted) -> None:
        """Never a name: a log keeps what it is told."""
        count = result.refused
        english, chinese = _REFUSED_BY_HAND if self.by_hand else _REFUSED
        self._line(say(english, chinese).format(count=count))
        if self.by_hand:
            return
        for source in sorted({found.source for found in result.refused_in_place}):
            self._line(
                say(
                    f"source {source}: a refused drop could not be renamed and still stands under"
                    " its name; the folder lets us change nothing.",
                    f"来源 {source}：有拒收的文件无法改名（目录不允许写入），仍以原名存放。",
                )
            )

    def receipts(self, count: int) -> None:
        """See Reporter."""
        self.totals["receipts"] += count
        if count:
            total = self.totals["receipts"]
            self._line(say(f"receipts written: {total}", f"已出具回执：{total}"))

    def noticed(self, noticed: Noticed) -> None:
        """See Reporter."""
        english, chinese = _REASONS[noticed.reason]
        shown = self._without_marks(noticed.path)
        path = show_path(shown)
        if shown != noticed.path:
            path = f"{path}/{say(*_HIDDEN)}"
        self.noticed_.append({"path": path, "reason": noticed.reason})
        if noticed.what and shown == noticed.path:
            english, chinese = f"{english}: {noticed.what}", f"{chinese}：{noticed.what}"
        if noticed.reason in _ONLY_SAID:
            self._line(say(f"note: {path}: {english}.", f"提示：{path}：{chinese}。"))
        else:
            self._line(say(f"left alone: {path}: {english}.", f"未处理：{path}：{chinese}。"))

    def _without_marks(self, path: bytes) -> bytes:
        """The path as far as no name in it is marked; above the inbox all names are ours."""
        inbox = b"" if self.inbox is None else os.fsencode(self.inbox)
        parts = path.split(b"/")
        ours = inbox.count(b"/") + 1 if path.startswith(inbox + b"/") else 1
        for number in range(ours, len(parts)):
            if is_marked_path(decode_name(parts[number]).text):
                return b"/".join(parts[:number])
        return path

    def no_events(self, problem: str) -> None:
        """See Reporter."""
        self._line(say(problem, "系统不提供文件变化通知，将定时查看收件目录。"))

    def events_lost(self, what: str, watched: int | None, folders: int) -> None:
        """See Reporter."""
        if what == OVERFLOW:
            english = "Too many file events came at once and some were lost"
            chinese = "文件变化通知过多，部分已丢失"
        else:
            english = f"The system watches {watched} of {folders} folders (watch limit)"
            chinese = f"系统只监视 {folders} 个目录中的 {watched} 个（已达上限）"
        self._line(
            say(
                f"{english}; nothing is missed, the inbox is looked at every"
                f" {QUICK_SECONDS:.0f} seconds.",
                f"{chinese}；不会漏收，改为每 {QUICK_SECONDS:.0f} 秒查看一次。",
            )
        )

    def no_room(self, held: int, largest: int, room: Room) -> None:
        """See Reporter."""
        self.totals["waiting_for_room"] = held
        reserve, free, most = (show_size(n) for n in (room.reserve, room.free(), largest))
        self._line(
            say(
                f"{held} file(s) wait for room on the disk, the largest has {most}: {free} may be"
                f" used, {reserve} stay free (staging_reserve_mb). It goes on by itself.",
                f"{held} 个文件等待磁盘空间，最大 {most}：可用 {free}，另保留 {reserve}"
                "（staging_reserve_mb）。有空间后自动继续。",
            )
        )

    def room_again(self) -> None:
        """See Reporter."""
        self.totals["waiting_for_room"] = 0
        self._line(say("There is room again.", "磁盘空间已足，继续收取。"))

    def trouble(self, error: Exception, retry_seconds: float) -> None:
        """See Reporter."""
        again = say(f"tried again in {retry_seconds:.0f} s", f"{retry_seconds:.0f} 秒后重试")
        self._line(f"{sentence(error)} ({again})")

    @property
    def faults(self) -> bool:
        """Whether something went wrong with a drop that nobody foresaw."""
        return any(one["reason"] == "fault" for one in self.noticed_)

    def tell(self, text: str) -> None:
        """A sentence from the release of drops."""
        self._line(text)

    def _line(self, text: str) -> None:
        if not self.quiet:
            print_line(safe_text(text))

    def _records(self) -> str:
        """Bytes are of every drop that was taken: of re-drops alone they would be said of none."""
        count, size = self.totals["records"], show_size(self.totals["bytes"])
        return f"{count} ({size})" if count else "0"

    def show(self, *, as_json: bool, waiting_for_tsa: bool) -> None:
        """The closing summary."""
        if as_json:
            document: dict[str, Any] = {**self.totals, "noticed": self.noticed_}
            print_json({**document, "waiting_for_tsa": waiting_for_tsa})
            return
        totals = self.totals
        print_pairs(
            [
                (say("records", "新记录"), self._records()),
                (say("receipts", "回执"), str(totals["receipts"])),
                (say("re-drops", "重复投放"), str(totals["redropped"])),
                (say("quarantined", "隔离"), str(totals["rejected"])),
                (say("refused", "拒收"), str(totals["refused"])),
                (say("already taken", "已收过"), str(totals["known"])),
            ]
        )
        if waiting_for_tsa:
            print_line(
                say(
                    "The time-stamping authority is away; receipts follow when it is back.",
                    "时间戳服务暂不可用；恢复后将出具回执。",
                )
            )
