/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reports as files: all there, whole, and nothing of others is touched. */
#include "report.h"

#include "src/base/err.h"
#include "src/base/mem.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testdata/cmocka_tests.h"

#include "made_shop.h"

static void made_directory(char *path, size_t size)
{
    snprintf(path, size, "/tmp/fmd-report-XXXXXX");
    assert_non_null(mkdtemp(path));
}

static void remove_tree(const char *path)
{
    char command[256];

    snprintf(command, sizeof(command), "rm -rf '%s'", path);
    assert_int_equal(system(command), 0);
}

static bool exists(const char *directory, const char *name)
{
    char path[512];
    struct stat status;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return stat(path, &status) == 0;
}

static void touch(const char *directory, const char *name)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
}

/* Entries of a directory that end so. */
static size_t count_files(const char *directory, const char *name, const char *end)
{
    char path[512];
    size_t count = 0;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        size_t length = strlen(entry->d_name), end_length = strlen(end);
        count +=
            length > end_length && strcmp(entry->d_name + length - end_length, end) == 0;
    }
    closedir(dir);
    return count;
}

static const char *json_string_of(json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* From the header of the file, in pixels. */
static uint32_t png_width(const char *directory, const char *name)
{
    char path[512];
    unsigned char head[20];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fread(head, 1, sizeof(head), file), sizeof(head));
    assert_int_equal(fclose(file), 0);
    assert_memory_equal(head + 1, "PNG", 3);
    return (uint32_t)head[16] << 24 | (uint32_t)head[17] << 16 | (uint32_t)head[18] << 8 |
           (uint32_t)head[19];
}

/* Text without an address, a picture with one: every one. */
static void assert_charts_in_markdown(struct report *report)
{
    char *plain = printed_by(report_markdown, report);
    report->options.asset_url = "https://example.org/a (b)/";
    char *shown = printed_by(report_markdown, report);
    for (size_t i = 0; i < report->chart_count; i++) {
        char text[256], picture[256];
        snprintf(text, sizeof(text), ": `charts/%s.svg`", report->charts[i].name);
        snprintf(picture, sizeof(picture),
                 "](https://example.org/a%%20%%28b%%29/charts/%s@2x.png)",
                 report->charts[i].name);
        assert_true(strstr(plain, text) && !strstr(plain, "](charts"));
        assert_non_null(strstr(shown, picture));
    }
    report->options.asset_url = NULL;
    free(shown);
    free(plain);
}

TEST(a_directory_gets_json_markdown_and_the_charts_they_name)
{
    struct shop shop;
    char path[64];
    struct err err = ERR_INIT;

    made_directory(path, sizeof(path));
    shop_init(&shop, 20);
    shop.report.options.chart_endpoints = 2;
    if (report_write_directory(&shop.report, path, false, &err))
        fail_msg("%s", err.message);
    assert_true(exists(path, "report.json") && exists(path, "report.md"));
    assert_int_equal(count_files(path, "charts", ".svg"), shop.report.chart_count);
    assert_int_equal(count_files(path, "charts", ".png"), 2 * shop.report.chart_count);
    assert_int_equal(count_files(path, "charts", "@2x.png"), shop.report.chart_count);
    assert_int_equal(count_files(path, "charts", ".part"), 0);
    json_t *tree = json_of(&shop.report), *chart;
    json_t *charts = json_object_get(tree, "charts");
    size_t i;
    assert_int_equal(json_array_size(charts), shop.report.chart_count);
    json_array_foreach(charts, i, chart)
    {
        assert_true(exists(path, json_string_of(chart, "svg")));
        uint32_t width = png_width(path, json_string_of(chart, "png"));
        assert_int_equal(width, 800);
        assert_int_equal(png_width(path, json_string_of(chart, "png_2x")), 2 * width);
    }
    assert_schema_holds(&shop.report);
    assert_charts_in_markdown(&shop.report);
    json_decref(tree);
    shop_release(&shop);
    remove_tree(path);
}

TEST(an_earlier_report_is_replaced_with_its_charts)
{
    struct shop shop;
    char path[64], charts[128];
    struct err err = ERR_INIT;

    made_directory(path, sizeof(path));
    snprintf(charts, sizeof(charts), "%s/charts", path);
    mkdir(charts, 0777);
    touch(path, "report.json");
    touch(charts, "latency-old-00000000.svg");
    touch(charts, "usage-days-old@2x.png");
    touch(charts, "latency-old-00000000.png.part");
    shop_init(&shop, 20);
    assert_int_equal(report_write_directory(&shop.report, path, false, &err), 0);
    assert_false(exists(charts, "latency-old-00000000.svg"));
    assert_false(exists(charts, "latency-old-00000000.png.part"));
    assert_false(exists(charts, "usage-days-old@2x.png"));
    shop_release(&shop);
    remove_tree(path);
}

TEST(a_directory_with_anything_else_is_refused_and_force_keeps_it)
{
    struct shop shop;
    char path[64];
    struct err err = ERR_INIT;

    made_directory(path, sizeof(path));
    touch(path, "thesis.tex");
    shop_init(&shop, 20);
    assert_int_equal(report_check_directory(path, false, &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
    assert_non_null(strstr(err.message, "thesis.tex"));
    assert_non_null(strstr(err.message, "--force"));
    err = (struct err)ERR_INIT;
    assert_int_equal(report_write_directory(&shop.report, path, false, &err), -1);
    assert_false(exists(path, "report.json"));
    err = (struct err)ERR_INIT;
    assert_int_equal(report_write_directory(&shop.report, path, true, &err), 0);
    assert_true(exists(path, "report.json") && exists(path, "thesis.tex"));
    shop_release(&shop);
    remove_tree(path);
}

TEST(a_place_that_cannot_be_written_is_said_in_a_sentence)
{
    struct shop shop;
    struct err err = ERR_INIT;

    shop_init(&shop, 20);
    assert_int_equal(report_check_directory("/etc/hostname", false, &err), -1);
    assert_non_null(strstr(err.message, "is a file"));
    err = (struct err)ERR_INIT;
    assert_int_equal(
        report_write_directory(&shop.report, "/proc/no/such/place", false, &err), -1);
    assert_int_equal(err.code, ERR_OUTPUT);
    shop_release(&shop);
}

TEST(a_full_disk_is_an_error_of_every_printer)
{
    struct shop shop;

    shop_init(&shop, 20);
    for (int i = 0; i == 0 || report_formats[i - 1].suffix; i++) {
        struct terminal_style style = {.width = 80, .unicode = true};
        struct err err = ERR_INIT;
        FILE *full = fopen("/dev/full", "w");
        assert_non_null(full);
        bool is_export = i > 0 && !report_formats[i - 1].suffix;
        int result = i == 0 ? report_terminal(&shop.report, &style, full, &err)
                            : report_formats[i - 1].print(&shop.report, full, &err);
        assert_int_equal(result, -1);
        /* without stacks there is nothing to export */
        assert_int_equal(err.code, is_export ? ERR_INPUT : ERR_OUTPUT);
        fclose(full);
    }
    shop_release(&shop);
}
