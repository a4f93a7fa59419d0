/**
 * The current frame of a video, as a JPEG file.
 *
 * @param name of the file, without its extension.
 */
export async function pictureOf(video: HTMLVideoElement, name: string): Promise<File> {
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext('2d')!.drawImage(video, 0, 0);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.92));
  if (blob === null) throw new Error('the browser cannot encode the picture');
  return new File([blob], `${name}.jpg`, { type: 'image/jpeg' });
}
