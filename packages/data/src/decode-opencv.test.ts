import { describe, expect, it } from 'vitest';
import { resizeLikeOpenCv } from './decode-opencv.ts';
import { picture } from './picture.fixture.ts';

// opencv-python-headless 5.0.0 (and 4.14.0, which gives the same):
//   y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing='ij')
//   image = ((x * x * 3 + y * y * 5 + x * y * 7 + (x + 1) * c * 53) % 256).astype(np.uint8)
//   cv2.resize(image, (size, size)).tobytes().hex()
const reduced =
  '1bb075ac3f57ad4bab53c8876b7fe31271bf85d22d78c1cd8449ae72a1a2d37fce4093385f87c16dc82a3d91ca8dd61e' +
  '4f469a8ba552a1c594429d2b6ea0411a78d7479b5f443d86636e8d66819b87947d875f70607ac01978d7a4a77cad519b' +
  '545f99835e97b93fb86c9458556fb66cca3953a76ba5783783b66c748f694bc645837ebc4db699c06f83547b6ca8527b' +
  '68d69287269b36a62547bb71b750abd766988e58909ab353b0751a5de77159d757c64bb4c43da251a11e469a6091d75d';
const enlarged =
  '00356a0255a8057faf0cab4a17dca024a18c30394202376c0558ab0a83b413b2511fa3a92e77963c454e053a6f0a5db0' +
  '128cbc1ebc5c2d48b73f34a64e58600d42771467bb2099c92ecd6c404e6e553f73677079164b802073bc2ea2ca3fcb7d' +
  '545c276b564180899224598e308479418c75554f936d4c4087725d9ea7b02d62973b8e4f4d7d406302a17c425099836e' +
  'b1bac3';
const halved =
  '0655a51f9892507397996674ba71697394762b7a8a605953ad9074529fad8f867e64856778879789827c72957973808e' +
  '8c837b7d9e80ad7c8c5a538d9f82a67c89577168a07e9f818a99a9538c8674977bad7a887e756d67886a8f5e6e746d67' +
  '7194784653a1736a6278993b';

describe('resizeLikeOpenCv', () => {
  it.each([
    [37, 23, 8, reduced],
    [5, 4, 7, enlarged],
    [12, 12, 6, halved],
  ])('matches OpenCV for %i × %i pixels to %i, within 1', (width, height, size, expected) => {
    const ours = resizeLikeOpenCv({ data: picture(width, height), width, height }, size);
    const theirs = Buffer.from(expected, 'hex');
    expect(ours).toHaveLength(theirs.length);
    expect(Math.max(...ours.map((value, index) => Math.abs(value - theirs[index]!)))).toBeLessThanOrEqual(1);
  });

  it('leaves an image of the right size unchanged', () => {
    const data = picture(9, 9);
    expect(resizeLikeOpenCv({ data, width: 9, height: 9 }, 9)).toEqual(data);
  });
});
