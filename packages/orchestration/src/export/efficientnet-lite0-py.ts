/** EfficientNet-Lite0 in Python, for `members.py`: keras.applications does not have it. */
export const efficientnetLite0Py = `def tf_efficientnet_lite0(image):
    """The last feature map of EfficientNet-Lite0, which keras.applications does not have; layers have timm's names."""
    layers = keras.layers

    def conv(x, filters, kernel_size, name, strides=1):
        return layers.Conv2D(filters, kernel_size, strides, padding="same", use_bias=False, name=name)(x)

    def filtered(x, kernel_size, name, strides=1):
        return layers.DepthwiseConv2D(kernel_size, strides, padding="same", use_bias=False, name=name)(x)

    def normalized(x, name, active=True):
        x = layers.BatchNormalization(momentum=0.9, epsilon=1e-3, name=name)(x)
        return layers.ReLU(6.0, name=f"{name}.act")(x) if active else x

    def bottleneck(entry, filters, kernel_size, strides, name):
        x = normalized(conv(entry, 6 * entry.shape[-1], 1, f"{name}.conv_pw"), f"{name}.bn1")
        x = normalized(filtered(x, kernel_size, f"{name}.conv_dw", strides), f"{name}.bn2")
        x = normalized(conv(x, filters, 1, f"{name}.conv_pwl"), f"{name}.bn3", active=False)
        return layers.Add(name=f"{name}.add")([entry, x]) if entry.shape == x.shape else x

    x = normalized(conv(image, 32, 3, "conv_stem", strides=2), "bn1")
    x = normalized(filtered(x, 3, "blocks.0.0.conv_dw"), "blocks.0.0.bn1")
    x = normalized(conv(x, 16, 1, "blocks.0.0.conv_pw"), "blocks.0.0.bn2", active=False)
    stages = [(24, 3, 2, 2), (40, 5, 2, 2), (80, 3, 2, 3), (112, 5, 1, 3), (192, 5, 2, 4), (320, 3, 1, 1)]
    for stage, (filters, kernel_size, strides, repeats) in enumerate(stages, 1):
        for block in range(repeats):
            x = bottleneck(x, filters, kernel_size, strides if block == 0 else 1, f"blocks.{stage}.{block}")
    return normalized(conv(x, 1280, 1, "conv_head"), "bn2")`;
