// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * Driver of the lab's own exerciser, the device of packages/vfio-user/test/qemu: interrupts of one
 * kind, DMA both ways, and what the guest saw of them in sysfs.
 *
 * Parameter irq: which kind to use, "intx", "msi" or "msix".
 *
 *   irqs   (r)  kind, and how often each vector came
 *   raise  (w)  "VECTOR BITS": has the device raise a vector with causes
 *   mask   (w)  "VECTOR 0|1": unmasks or masks a vector at once
 *   dma    (rw) write "BYTES SEED": memory to device and back, each byte looked at;
 *               read: where the memory is
 *   scratch(rw) a register, read and written as it is
 */
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/module.h>
#include <linux/pci.h>

#define REG_ID		0x00
#define REG_SCRATCH	0x04
#define REG_STATUS	0x08
#define REG_RAISE	0x0c
#define REG_ACK		0x10
#define REG_VECTOR	0x14
#define REG_DMA_LOW	0x20
#define REG_DMA_HIGH	0x24
#define REG_DMA_OFFSET	0x28
#define REG_DMA_LENGTH	0x2c
#define REG_DMA_COMMAND	0x30
#define REG_DMA_RESULT	0x34

#define ID_VALUE	0x31455654
#define STATUS_DMA	BIT(31)
#define DMA_TO_DEVICE_CMD	1
#define DMA_FROM_DEVICE_CMD	2
#define DMA_DONE	1

#define VECTORS		4
#define BUFFER_SIZE	0x10000

static char *irq = "intx";
module_param(irq, charp, 0444);

struct exerciser {
	void __iomem *regs;
	void __iomem *ram;
	u8 *buffer;
	dma_addr_t bus;
	int vectors;
	bool level;
	atomic_t count[VECTORS];
	struct vector { struct exerciser *dev; int index; } vector[VECTORS];
	struct completion dma_done;
};

static irqreturn_t exerciser_irq(int number, void *data)
{
	struct vector *vector = data;
	struct exerciser *dev = vector->dev;
	u32 status = readl(dev->regs + REG_STATUS);

	if (!status)
		return dev->level ? IRQ_NONE : IRQ_HANDLED;
	/* A level is left up while there is another cause: it has to be delivered again. */
	if (dev->level)
		status &= -status;
	atomic_inc(&dev->count[vector->index]);
	writel(status, dev->regs + REG_ACK);
	/* Posted writes reach the device before the read does. */
	readl(dev->regs + REG_STATUS);
	if (status & STATUS_DMA)
		complete(&dev->dma_done);
	return IRQ_HANDLED;
}

static ssize_t irqs_show(struct device *d, struct device_attribute *attr, char *buf)
{
	struct exerciser *dev = dev_get_drvdata(d);
	int at = sysfs_emit(buf, "%s", irq);

	for (int i = 0; i < dev->vectors; i++)
		at += sysfs_emit_at(buf, at, " %d", atomic_read(&dev->count[i]));
	return at + sysfs_emit_at(buf, at, "\n");
}
static DEVICE_ATTR_RO(irqs);

static ssize_t raise_store(struct device *d, struct device_attribute *attr, const char *buf,
			   size_t length)
{
	struct exerciser *dev = dev_get_drvdata(d);
	u32 vector, bits;

	if (sscanf(buf, "%u %x", &vector, &bits) != 2 || vector >= dev->vectors)
		return -EINVAL;
	writel(vector, dev->regs + REG_VECTOR);
	writel(bits, dev->regs + REG_RAISE);
	readl(dev->regs + REG_STATUS);
	return length;
}
static DEVICE_ATTR_WO(raise);

static ssize_t mask_store(struct device *d, struct device_attribute *attr, const char *buf,
			  size_t length)
{
	struct exerciser *dev = dev_get_drvdata(d);
	u32 vector, masked;
	int number;

	if (sscanf(buf, "%u %u", &vector, &masked) != 2 || vector >= dev->vectors)
		return -EINVAL;
	number = pci_irq_vector(to_pci_dev(d), vector);
	if (masked)
		disable_irq(number);
	else
		enable_irq(number);
	return length;
}
static DEVICE_ATTR_WO(mask);

static int transfer(struct exerciser *dev, u32 bytes, u32 command)
{
	reinit_completion(&dev->dma_done);
	writel(0, dev->regs + REG_VECTOR);
	writel(lower_32_bits(dev->bus), dev->regs + REG_DMA_LOW);
	writel(upper_32_bits(dev->bus), dev->regs + REG_DMA_HIGH);
	writel(0, dev->regs + REG_DMA_OFFSET);
	writel(bytes, dev->regs + REG_DMA_LENGTH);
	writel(command, dev->regs + REG_DMA_COMMAND);
	if (!wait_for_completion_timeout(&dev->dma_done, 20 * HZ))
		return -ETIMEDOUT;
	return readl(dev->regs + REG_DMA_RESULT) == DMA_DONE ? 0 : -EIO;
}

static u8 pattern(u32 seed, u32 at)
{
	return (seed + at) * 2654435761u >> 24;
}

static ssize_t dma_store(struct device *d, struct device_attribute *attr, const char *buf,
			 size_t length)
{
	struct exerciser *dev = dev_get_drvdata(d);
	u32 bytes, seed, wrong = 0;
	int err;

	if (sscanf(buf, "%u %u", &bytes, &seed) != 2 || !bytes || bytes > BUFFER_SIZE)
		return -EINVAL;
	for (u32 i = 0; i < bytes; i++)
		dev->buffer[i] = pattern(seed, i);
	err = transfer(dev, bytes, DMA_TO_DEVICE_CMD);
	if (err)
		return err;
	memset(dev->buffer, 0, bytes);
	for (u32 i = 0; i < bytes; i++) {
		u8 byte = readb(dev->ram + i);

		wrong += byte != pattern(seed, i);
		writeb(~byte, dev->ram + i);
	}
	err = transfer(dev, bytes, DMA_FROM_DEVICE_CMD);
	if (err)
		return err;
	for (u32 i = 0; i < bytes; i++)
		wrong += dev->buffer[i] != (u8)~pattern(seed, i);
	return wrong ? -EBADMSG : length;
}

static ssize_t dma_show(struct device *d, struct device_attribute *attr, char *buf)
{
	struct exerciser *dev = dev_get_drvdata(d);

	return sysfs_emit(buf, "%llx\n", (unsigned long long)dev->bus);
}
static DEVICE_ATTR_RW(dma);

static ssize_t scratch_store(struct device *d, struct device_attribute *attr, const char *buf,
			     size_t length)
{
	struct exerciser *dev = dev_get_drvdata(d);
	u32 value;
	int err = kstrtou32(buf, 0, &value);

	if (err)
		return err;
	writel(value, dev->regs + REG_SCRATCH);
	return length;
}

static ssize_t scratch_show(struct device *d, struct device_attribute *attr, char *buf)
{
	struct exerciser *dev = dev_get_drvdata(d);

	return sysfs_emit(buf, "%x\n", readl(dev->regs + REG_SCRATCH));
}
static DEVICE_ATTR_RW(scratch);

static struct attribute *exerciser_attrs[] = {
	&dev_attr_irqs.attr, &dev_attr_raise.attr, &dev_attr_mask.attr, &dev_attr_dma.attr,
	&dev_attr_scratch.attr, NULL,
};
ATTRIBUTE_GROUPS(exerciser);

static int exerciser_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct device *d = &pdev->dev;
	struct exerciser *dev;
	unsigned int kind = PCI_IRQ_INTX;
	int err;

	if (!strcmp(irq, "msi"))
		kind = PCI_IRQ_MSI;
	else if (!strcmp(irq, "msix"))
		kind = PCI_IRQ_MSIX;
	dev = devm_kzalloc(d, sizeof(*dev), GFP_KERNEL);
	if (!dev)
		return -ENOMEM;
	init_completion(&dev->dma_done);
	dev->level = kind == PCI_IRQ_INTX;
	err = pcim_enable_device(pdev);
	if (err)
		return err;
	dev->regs = pcim_iomap(pdev, 0, 0);
	dev->ram = pcim_iomap(pdev, 2, 0);
	if (!dev->regs || !dev->ram)
		return -ENOMEM;
	if (readl(dev->regs + REG_ID) != ID_VALUE)
		return -ENODEV;
	err = dma_set_mask_and_coherent(d, DMA_BIT_MASK(64));
	if (err)
		return err;
	dev->buffer = dmam_alloc_coherent(d, BUFFER_SIZE, &dev->bus, GFP_KERNEL);
	if (!dev->buffer)
		return -ENOMEM;
	pci_set_master(pdev);
	/* Freed with the rest, since the device is a managed one. */
	dev->vectors = pci_alloc_irq_vectors(pdev, 1, VECTORS, kind);
	if (dev->vectors < 0)
		return dev->vectors;
	dev_set_drvdata(d, dev);
	for (int i = 0; i < dev->vectors; i++) {
		int number = pci_irq_vector(pdev, i);

		dev->vector[i] = (struct vector){ dev, i };
		err = devm_request_irq(d, number, exerciser_irq, dev->level ? IRQF_SHARED : 0,
				       "exerciser", &dev->vector[i]);
		if (err)
			return err;
		/* disable_irq() is to mask the vector at once, not with the next interrupt. */
		irq_set_status_flags(number, IRQ_DISABLE_UNLAZY);
	}
	dev_info(d, "exerciser ready: %s, %d vectors\n", irq, dev->vectors);
	return 0;
}

static void exerciser_remove(struct pci_dev *pdev)
{
	struct exerciser *dev = pci_get_drvdata(pdev);

	for (int i = 0; i < dev->vectors; i++)
		irq_clear_status_flags(pci_irq_vector(pdev, i), IRQ_DISABLE_UNLAZY);
	dev_info(&pdev->dev, "exerciser removed\n");
}

static const struct pci_device_id exerciser_ids[] = { { PCI_DEVICE(0x1234, 0xe7e7) }, { } };
MODULE_DEVICE_TABLE(pci, exerciser_ids);

static struct pci_driver exerciser_driver = {
	.name = "vfio-ts-exerciser",
	.id_table = exerciser_ids,
	.probe = exerciser_probe,
	.remove = exerciser_remove,
	.dev_groups = exerciser_groups,
};
module_pci_driver(exerciser_driver);

MODULE_DESCRIPTION("Interrupts and DMA of the vfio-ts lab's exerciser");
MODULE_AUTHOR("vfio-ts");
MODULE_LICENSE("Dual MIT/GPL");
