"""Network abstraction layer units of H.264 and HEVC: is a key frame a clean start?"""

IDR_TYPES = {"h264": {5}, "hevc": {19, 20}}
"""NAL unit types of instantaneous decoder refresh pictures (H.264 table 7-1, HEVC table 7-1)."""

LENGTH_SIZE_AT = {"h264": 4, "hevc": 21}
"""Byte of the avcC and hvcC boxes whose low two bits are the length size minus one."""


def is_clean_start(codec: str, setup: bytes, packet: bytes) -> bool:
    """Whether decoding may start at this key frame as if it were the first frame of the file.

    A key frame of H.264 or HEVC can also be a mere recovery point (open groups of pictures), after
    which a decoder may drop or delay frames. Key frames of other codecs are always clean.

    Args:
        codec: FFmpeg's name.
        setup: the stream's extra data (avcC or hvcC).
        packet: the key frame, units prefixed by their length as in mp4 and Matroska.
    """
    if codec not in IDR_TYPES:
        return True
    if len(setup) <= LENGTH_SIZE_AT[codec] or setup[0] != 1:
        return False
    prefix = (setup[LENGTH_SIZE_AT[codec]] & 3) + 1
    return not IDR_TYPES[codec].isdisjoint(_unit_types(codec, packet, prefix))


def _unit_types(codec: str, packet: bytes, prefix: int) -> set[int]:
    types: set[int] = set()
    at = 0
    while at + prefix < len(packet):
        header = packet[at + prefix]
        types.add(header & 0x1F if codec == "h264" else header >> 1 & 0x3F)
        at += prefix + int.from_bytes(packet[at : at + prefix], "big")
    return types
