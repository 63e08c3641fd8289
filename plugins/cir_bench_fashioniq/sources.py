"""Where FashionIQ comes from: the annotation files, pinned; the photos, by hand.

The files of split ``test`` are left out: their targets are hidden and no protocol reads them.
"""

from __future__ import annotations

from cir_bench import RemoteFile

REVISION = "bb2100cc5ad438c635db2f13fd92389fb1655365"
_BASE = f"https://raw.githubusercontent.com/XiaoxiaoGuo/fashion-iq/{REVISION}"

_FILES = """
captions/cap.dress.train.json 1178488 1691bd52e5bbda755b0c1f14d1024000be2c57a0cc29511a327af1372636a946
captions/cap.dress.val.json 397427 5e5117d45695df9c3ca91fac3e0bc49e6422ae9c8b3793f0ac9b3ab83adb7de9
captions/cap.shirt.train.json 1167604 0999ce5da01a38f0cef1547941b738f4c56e225fdd9b8e03e2a6edaf292f94c3
captions/cap.shirt.val.json 398072 7b7ca3797b85dddfd83e74cdb4454cb63e3e7c09acef2590155efbacea6d7feb
captions/cap.toptee.train.json 1200387 6daa171a9e744823087780a3b69b8b697bd05526adb6dd55a38ee6c4904ab348
captions/cap.toptee.val.json 391897 b4e09f428e6c255cc4b4ec46e77908305ab83075d82840c960be81af15cdc5eb
image_splits/split.dress.train.json 206138 dcb1c7329003e85e39a3010147a620cee4b7de6a5ddf2626f253bc9a2cdd78e5
image_splits/split.dress.val.json 68708 21ff91d53c23859da91bfd49f3acc139b7f3a3dc944fc4e4a80194468cf14bab
image_splits/split.shirt.train.json 342650 1552c05d866d31b43321a719b2cb8a65f02c53e9a6bc355861fe1d62498b9983
image_splits/split.shirt.val.json 114230 b82effbf7352a6f828b38c45eb32e53d726bd4d6fd81d6290c81eeb2c68e3234
image_splits/split.toptee.train.json 290180 aa9b3a55332340f21360fb6a3fe174badd27ce389fe7d78d890bf2b9032ffe05
image_splits/split.toptee.val.json 96716 ee42b2505275dd7a19b11ddb88c9264aab2d77f4e59b075fb1c7c3095d02f412
"""

FILES = tuple(
    RemoteFile(path=path, url=f"{_BASE}/{path}", size=int(size), sha256=sha256)
    for path, size, sha256 in map(str.split, _FILES.strip().splitlines())
)

STEPS = (
    "git clone https://github.com/hongwang600/fashion-iq-metadata; its image_url/asin2url.{dress,shirt,toptee}.txt "
    "name each photo's asin and URL, one pair a line. (Of 77,684 photos 74,381 can still be downloaded.)",
    "download every URL to {root}/images/ASIN.jpg (or .png), for example with: cat asin2url.*.txt | "
    'while read -r asin url; do wget -nc -O {root}/images/$asin.jpg "$url"; done',
    "cir-bench data verify fashioniq",
)

CITATION = """
@inproceedings{wu2021fashioniq,
  title     = {Fashion {IQ}: A New Dataset Towards Retrieving Images by Natural Language Feedback},
  author    = {Wu, Hui and Gao, Yupeng and Guo, Xiaoxiao and Al-Halah, Ziad and Rennie, Steven and Grauman, Kristen
               and Feris, Rogerio},
  booktitle = {CVPR},
  year      = {2021},
}
"""
