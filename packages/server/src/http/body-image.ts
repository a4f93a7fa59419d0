export interface BodyImage {
  /** Of the file in a form. */
  name?: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** What a body asks for; `top` is undefined if the body does not have it. */
export interface BodyImages {
  images: BodyImage[];
  top: number | undefined;
}
