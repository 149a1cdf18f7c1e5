"""Sidecars as docking stations write them, for tests: good ones in the forms that are shipped."""

from ingest.sidecars.mapping import Mappings

MAPPINGS = Mappings.load(None)
BESIDE, INDEX = MAPPINGS.by_name["station_xml"], MAPPINGS.by_name["station_index_xml"]
LIST, TERMINAL = MAPPINGS.by_name["station_csv_list"], MAPPINGS.by_name["terminal_csv"]


def station_xml(
    case: str = "沪交执罚〔2026〕12号", more: str = "", encoding: str = "UTF-8"
) -> bytes:
    """A sidecar for one recording."""
    text = f"""<?xml version="1.0" encoding="{encoding}"?>
<MediaRecord>
  <CaseNo>{case}</CaseNo>
  <LawType>行政处罚</LawType>
  <Stage>取证</Stage>
  <UnitCode>310101000000</UnitCode>
  <DeviceNo>DSJ0012</DeviceNo>
  <StartTime>2026-11-22 08:30:00</StartTime>
  <EndTime>2026-11-22 08:40:00</EndTime>
  <ClockOffset>-2</ClockOffset>
  <Importance>1</Importance>
  <Officers>
    <Officer name="张三" number="012345" certificate="31010001"/>
    <Officer name="李四" number="012346"/>
  </Officers>
  <Interruptions>
    <Interruption from="2026-11-22 08:33:00" to="2026-11-22 08:34:30" reason="电量不足"/>
  </Interruptions>{more}
</MediaRecord>
"""
    return text.encode(encoding)


HEADINGS = "文件名,案号,执法类别,执法人员,警号,拍摄开始,拍摄结束,密级,备注"


def csv_row(name: str, case: str = "案1", level: str = "内部", note: str = "") -> str:
    """A line of a list."""
    start, end = "2026-11-22 08:30:00", "2026/11/22 08:40"
    return f"{name},{case},行政检查,张三、李四,012345、012346,{start},{end},{level},{note}"


def csv_list(*rows: str, end: str = "\r\n", encoding: str = "gb18030") -> bytes:
    """A list for a folder, as a spreadsheet saves it."""
    return (end.join([HEADINGS, *rows]) + end).encode(encoding)


def xml_list(*rows: tuple[str, str], encoding: str = "UTF-8") -> bytes:
    """A list in XML: names and cases."""
    rest = 'officer="张三，李四" officerNo="1，2" important="true"'
    media = "\n".join(f'  <Media file="{name}" case="{case}" {rest}/>' for name, case in rows)
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n<MediaList>\n{media}\n</MediaList>\n'
    return text.encode(encoding)
