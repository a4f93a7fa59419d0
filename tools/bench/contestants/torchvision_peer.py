"""torchvision and DataLoader as a contestant: JPEG files to batches of uint8 squares, with one worker per processor."""

import PIL.Image
import torch
import torchvision
from torchvision.io import ImageReadMode, decode_image
from torchvision.transforms import v2

from protocol import repeated, serve, warmed

BATCH = 32


class Photographs(torch.utils.data.Dataset):
    def __init__(self, paths, size, decoder):
        self.paths = paths
        # Bilinear and antialiased: for Pillow's images, the pixels equal Pillow's.
        resize = v2.Resize((size, size))
        self.square = {
            "pillow": lambda path: v2.functional.pil_to_tensor(resize(PIL.Image.open(path).convert("RGB"))),
            "torchvision.io": lambda path: resize(decode_image(path, ImageReadMode.RGB)),
        }[decoder]

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        return self.square(self.paths[index])


def prepare(task):
    torch.set_num_threads(task["threads"])
    photographs = Photographs(task["paths"], task["inputSize"], task["variant"]["decoder"])
    loader = torch.utils.data.DataLoader(
        photographs, batch_size=BATCH, num_workers=task["threads"], persistent_workers=True)

    def read_all():
        count = sum(len(batch) for batch in loader)
        assert count == len(task["paths"]), count

    run = repeated(read_all)
    versions = {"torchvision": torchvision.__version__, "pillow": PIL.__version__}
    return {"versions": versions, "stepSeconds": warmed(run)}, run


if __name__ == "__main__":
    serve(prepare)
