/** Conversions between the device names of Chorus and TensorFlow. */

/** `cpu:1` is TensorFlow's second logical CPU device, `gpu:0` its first GPU. */
export type DeviceName = `cpu:${number}` | `gpu:${number}`;

/** Returns the short TensorFlow name of a device, `CPU:1` for `cpu:1`. */
export function tensorflowName(device: DeviceName): string {
  return device.toUpperCase();
}

/** Returns the Chorus name of a device, `cpu:1` for `/job:localhost/replica:0/task:0/device:CPU:1`. */
export function chorusName(fullName: string): DeviceName {
  return fullName.slice(fullName.lastIndexOf('device:') + 'device:'.length).toLowerCase() as DeviceName;
}
