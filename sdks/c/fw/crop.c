// Crops: rectangles for many images at once.
#include "inside.h"

void fw_boxes(fw_plugin *p) { p->signature = "boxes"; }

fw_rect fw_center_crop(fw_size s, double min_ratio, double max_ratio) {
	int w = s.w, h = s.h;
	double ratio = (double)w / (double)h;
	if (ratio < min_ratio) h = fw_max(1, fw_round((double)w / min_ratio));
	else if (ratio > max_ratio) w = fw_max(1, fw_round((double)h * max_ratio));
	return (fw_rect){(s.h - h) / 2, (s.w - w) / 2, h, w, true};
}

static uint8_t *put_number(uint8_t *at, int x) {
	uint32_t u = (uint32_t)x;
	for (; u >= 0x80; u >>= 7) *at++ = (uint8_t)u | 0x80;
	*at++ = (uint8_t)u;
	return at;
}

static const char *answer_crop(fw_plugin *p, fw_reader r, fw_writer *reply) {
	fw_params_begin(p);
	fw_list height = {0}, width = {0}, keys = {0}, boxes = {0}, views = {0};
	while (fw_next(&r)) switch (r.field) {
		case 2: {
			const char *error = fw_params_read(p, &r);
			if (error) return error;
			break;
		}
		case 3: fw_get_list(&r, FW_VARINT, &height, 4, false); break;
		case 4: fw_get_list(&r, FW_VARINT, &width, 4, false); break;
		case 5: fw_get_list(&r, FW_32, &keys, 4, false); break;
		case 6: fw_get_list(&r, FW_64, &boxes, 8, false); break;
		case 7: fw_get_list(&r, FW_VARINT, &views, 4, false); break;
	}
	if (r.error) return r.error;
	const char *error = fw_params_end(p);
	if (error) return error;
	size_t n = height.n;
	if (width.n != n || keys.n != 2 * n || (views.n && views.n != n) || (boxes.n && boxes.n != 4 * n))
		return fw_text(p->id, ": heights, widths, keys, views and boxes disagree in number", NULL);
	if (n == 0) return NULL;

	uint8_t *rects = fw_take_memory(20 * n), *end = rects; // 4 varints of at most 5 bytes
	uint8_t *fell_back = fw_take_memory(5 * n), *last = fell_back;
	fw_key k = {0};
	for (size_t i = 0; i < n; i++) {
		fw_size img = {(int)((uint32_t *)height.at)[i], (int)((uint32_t *)width.at)[i]};
		fw_box box = {0, 0, 1, 1, false};
		if (boxes.n) {
			const double *b = (const double *)boxes.at + 4 * i;
			box = (fw_box){b[0], b[1], b[2], b[3], true};
		}
		const uint32_t *key = (const uint32_t *)keys.at + 2 * i;
		k.key[0] = key[0], k.key[1] = key[1], k.next = 0;
		fw_rect c = p->cropper(&k, img, box, views.n ? (int)((uint32_t *)views.at)[i] : 0);
		if (c.h < 1 || c.w < 1 || c.y < 0 || c.x < 0 || c.y > img.h - c.h || c.x > img.w - c.w) return fw_text(p->id, ": a rectangle is not inside its image", NULL);
		end = put_number(put_number(put_number(put_number(end, c.y), c.x), c.h), c.w);
		if (c.fell_back) last = put_number(last, (int)i);
	}
	fw_put_bytes(reply, 1, rects, (size_t)(end - rects));
	if (last != fell_back) fw_put_bytes(reply, 2, fell_back, (size_t)(last - fell_back));
	return NULL;
}

fw_plugin *fw_crop(const char *id, const char *version, fw_cropper crop) {
	fw_plugin *p = fw_new_plugin("crop", id, version, "crop");
	p->cropper = crop, p->crops = answer_crop;
	return p;
}
