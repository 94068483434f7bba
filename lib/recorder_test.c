/* SPDX-License-Identifier: Apache-2.0 */
/* The recorder as its caller sees it, in one process: what was issued is read back. */
#define _GNU_SOURCE
#include "recording.h"

#include "lifecycle.h"

TEST(a_request_comes_back_with_all_its_fields)
{
    const char *directory = back_directory();
    struct fmd_request request;
    struct back back;
    struct timespec nap = {0, 2000000};

    recording_start(directory);
    fmd_begin(&request, fmd_endpoint("GET /cart/<int:id>"));
    fmd_set_method(&request, FMD_METHOD_PATCH);
    fmd_set_status(&request, 418);
    fmd_set_flags(&request, FMD_ABORTED);
    fmd_set_flags(&request, FMD_STREAMED);
    fmd_set_group(&request, "ada", 3);
    fmd_set_address(&request, "2001:db8::1", 11);
    fmd_view_begin(&request);
    nanosleep(&nap, NULL);
    fmd_view_end(&request);
    fmd_first_byte(&request);
    nanosleep(&nap, NULL);
    fmd_first_byte(&request);
    fmd_end(&request);
    fmd_end(&request);
    assert_int_equal(recording_stop().recorded, 1);

    back = back_read(directory);
    assert_int_equal(back.request_count, 1);
    assert_string_equal(back.requests[0].endpoint->bytes, "GET /cart/<int:id>");
    assert_string_equal(back.requests[0].application->bytes, "test app");
    assert_string_equal(back.requests[0].version->bytes, "1.2");
    assert_string_equal(back.requests[0].group->bytes, "ada");
    assert_string_equal(back.requests[0].address->bytes, "2001:db8::1");
    assert_int_equal(back.requests[0].method, FMD_METHOD_PATCH);
    assert_int_equal(back.requests[0].status, 418);
    assert_int_equal(back.requests[0].flags, FMD_ABORTED | FMD_STREAMED);
    assert_in_range(back.requests[0].view_ns, 2000000, back.requests[0].first_byte_ns);
    assert_in_range(back.requests[0].first_byte_ns, 2000000,
                    back.requests[0].duration_ns - 2000000);
    assert_true(back_stream(&back, 0)->ended && back_stream(&back, 0)->stats.clean_end);
    assert_false(back_stream(&back, 0)->gap);
    assert_int_equal(back.damaged + back.torn, 0);
    assert_int_equal(back_count_files(directory, ".ring"), 0);
    back_free(&back);
    back_remove(directory);
}

TEST(what_is_not_set_comes_back_as_unknown)
{
    const char *directory = back_directory();
    struct fmd_request request;
    struct back back;

    recording_start(directory);
    fmd_begin(&request, 0);
    fmd_end(&request);
    fmd_begin(&request, 12345); /* a number that nobody gave out */
    fmd_end(&request);
    recording_stop();
    back = back_read(directory);
    assert_int_equal(back.request_count, 2);
    for (int i = 0; i < 2; i++) {
        assert_null(back.requests[i].endpoint);
        assert_null(back.requests[i].group);
        assert_null(back.requests[i].address);
        assert_true(back.requests[i].view_ns == UINT64_MAX);
        assert_true(back.requests[i].first_byte_ns == UINT64_MAX);
    }
    back_free(&back);
    back_remove(directory);
}

TEST(the_same_endpoint_has_the_same_number_and_others_have_others)
{
    const char *directory = back_directory();
    uint32_t first, other, elsewhere, newer;
    char name[32];

    assert_int_equal(fmd_endpoint("GET /before"), 0);
    recording_start(directory);
    first = fmd_endpoint("GET /a");
    other = fmd_endpoint("GET /b");
    elsewhere = fmd_endpoint_of("blog", NULL, "GET /a");
    newer = fmd_endpoint_of("blog", "2", "GET /a");
    assert_true(first >= 1 && other >= 1 && first != other);
    assert_true(elsewhere != first && newer != elsewhere && newer != first);
    for (int i = 0; i < 2000; i++) {
        snprintf(name, sizeof name, "GET /many/%d", i);
        assert_int_not_equal(fmd_endpoint(name), 0);
    }
    assert_int_equal(fmd_endpoint("GET /a"), first);
    assert_int_equal(fmd_endpoint_of("blog", "2", "GET /a"), newer);
    recording_stop();
    recording_start(directory);
    assert_int_equal(fmd_endpoint("GET /b"), other);
    recording_stop();
    back_remove(directory);
}

TEST(application_and_version_of_an_endpoint_are_kept)
{
    const char *directory = back_directory();
    struct back back;

    recording_start(directory);
    recording_add(fmd_endpoint_of("blog", "7", "GET /post"), "g", 1);
    recording_stop();
    back = back_read(directory);
    assert_int_equal(back.request_count, 1);
    assert_non_null(back.requests);
    assert_string_equal(back.requests[0].application->bytes, "blog");
    assert_string_equal(back.requests[0].version->bytes, "7");
    back_free(&back);
    back_remove(directory);
}

TEST(strings_of_any_bytes_and_lengths_come_back_cut_at_255)
{
    const char *directory = back_directory();
    struct fmd_request request;
    struct back back;
    char bytes[600];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7 + 1);
    recording_start(directory);
    for (size_t length = 0; length <= sizeof bytes; length++) {
        fmd_begin(&request, 0);
        fmd_set_group(&request, bytes, length);
        fmd_set_address(&request, bytes + 1, length ? length - 1 : 0);
        fmd_set_status(&request, (unsigned)length);
        fmd_end(&request);
    }
    assert_int_equal(recording_stop().strings_lost, 0);
    back = back_read(directory);
    assert_int_equal(back.request_count, sizeof bytes + 1);
    for (uint32_t i = 0; i < back.request_count; i++) {
        const struct back_request *r = &back.requests[i];
        uint32_t group = r->status < 255 ? r->status : 255;
        uint32_t address = r->status == 0 ? 0u : (uint32_t)r->status - 1;

        address = address < 255 ? address : 255;
        assert_int_equal(r->group ? r->group->length : 0, group);
        assert_int_equal(r->address ? r->address->length : 0, address);
        if (group)
            assert_memory_equal(r->group->bytes, bytes, group);
        if (address)
            assert_memory_equal(r->address->bytes, bytes + 1, address);
    }
    back_free(&back);
    back_remove(directory);
}

TEST(an_endpoint_name_is_cut_at_16_kib)
{
    const char *directory = back_directory();
    char *name = malloc(40001);
    struct back back;

    memset(name, 'x', 40000);
    name[40000] = '\0';
    recording_start(directory);
    recording_add(fmd_endpoint(name), "g", 1);
    assert_int_equal(recording_stop().recorded, 1);
    back = back_read(directory);
    assert_int_equal(back_request(&back, 0)->endpoint->length, FMD__STRING_BYTES_MAX);
    back_free(&back);
    free(name);
    back_remove(directory);
}

TEST(a_thousand_groups_and_addresses_are_told_apart)
{
    const char *directory = back_directory();
    struct fmd_request request;
    struct back back;
    char text[32];
    uint32_t endpoint;

    recording_start(directory);
    endpoint = fmd_endpoint("GET /");
    for (unsigned i = 0; i < 20000; i++) {
        fmd_begin(&request, endpoint);
        fmd_set_group(&request, text,
                      (size_t)snprintf(text, sizeof text, "c%u", i % 1000));
        fmd_set_address(&request, text,
                        (size_t)snprintf(text, sizeof text, "10.0.0.%u", i % 777));
        fmd_set_status(&request, i % 1000);
        fmd_set_method(&request, (enum fmd_method)(i % 777 % FMD_METHODS));
        fmd_end(&request);
        if (i % 4000 == 0)
            assert_int_equal(fmd_snapshot(), 0);
    }
    assert_int_equal(recording_stop().recorded, 20000);
    back = back_read(directory);
    assert_int_equal(back.request_count, 20000);
    for (uint32_t i = 0; i < back.request_count; i++) {
        const struct back_request *r = &back.requests[i];

        assert_int_equal(strtoul(r->group->bytes + 1, NULL, 10), r->status);
        assert_int_equal(strtoul(r->address->bytes + 7, NULL, 10) % FMD_METHODS,
                         r->method);
    }
    back_free(&back);
    back_remove(directory);
}

/* --- start, stop --------------------------------------------------------------------
 */

TEST(without_a_request_there_is_no_trace)
{
    const char *directory = back_directory();

    recording_start(directory);
    fmd_endpoint("GET /");
    assert_int_equal(back_count_files(directory, ".ring"), 1);
    assert_int_equal(fmd_snapshot(), 0);
    recording_stop();
    assert_int_equal(back_count_files(directory, ".fmd"), 0);
    assert_int_equal(back_count_files(directory, ".ring"), 0);
    back_remove(directory);
}

TEST(requests_in_flight_at_a_stop_are_not_recorded)
{
    const char *directory = back_directory();
    struct fmd_request request;
    struct fmd_stats stats;

    recording_start(directory);
    fmd_begin(&request, 0);
    recording_stop();
    fmd_end(&request);
    recording_start(directory);
    fmd_begin(&request, 0);
    recording_stop();
    recording_start(directory);
    fmd_end(&request);
    stats = recording_stop();
    assert_int_equal(stats.issued, 0);
    back_remove(directory);
}

TEST(start_refuses_what_it_cannot_do)
{
    const char *directory = back_directory();
    struct fmd_config config = recording_config(directory);
    struct fmd_request request;

    config.ring_bytes = 1000;
    assert_int_equal(fmd_start(&config), -EINVAL);
    config = recording_config(directory);
    config.level = 9;
    assert_int_equal(fmd_start(&config), -EINVAL);
    config = recording_config("/proc/nowhere");
    assert_true(fmd_start(&config) < 0);
    config = recording_config("/dev/null");
    assert_int_equal(fmd_start(&config), -ENOTDIR);
    fmd_begin(&request, 1);
    fmd_set_group(&request, "g", 1);
    fmd_end(&request);
    assert_int_equal(fmd_stop(), 0);
    config = recording_config(directory);
    assert_int_equal(fmd_start(&config), 0);
    assert_int_equal(fmd_start(&config), -EALREADY);
    recording_stop();
    back_remove(directory);
}

TEST(a_caller_built_against_a_shorter_config_gets_the_defaults)
{
    const char *directory = back_directory();
    struct fmd_config config = recording_config(directory);
    struct back back;

    config.struct_bytes = offsetof(struct fmd_config, segment_bytes);
    config.segment_bytes = 1; /* not his to set: out of range if it were read */
    config.block_ms = 0;
    assert_int_equal(fmd_start(&config), 0);
    recording_add(fmd_endpoint("GET /"), "g", 1);
    assert_int_equal(recording_stop().recorded, 1);
    back = back_read(directory);
    assert_int_equal(back.request_count, 1);
    back_free(&back);
    back_remove(directory);
}

TEST(level_0_records_no_request_but_how_many_there_were)
{
    const char *directory = back_directory();
    struct fmd_config config = recording_config(directory);
    uint32_t endpoint;
    struct back back;

    config.level = 0;
    assert_int_equal(fmd_start(&config), 0);
    endpoint = fmd_endpoint("GET /");
    for (int i = 0; i < 3; i++)
        recording_add(endpoint, "g", 1);
    assert_int_equal(fmd_snapshot(), 0);
    recording_add(endpoint, "g", 1);
    assert_int_equal(recording_stop().issued, 0);
    back = back_read(directory);
    assert_int_equal(back.request_count, 0);
    assert_int_equal(back.count_count, 2); /* at the snapshot, at the end */
    assert_int_equal(back.counts[0].count, 3);
    assert_int_equal(back_counted(&back, "GET /"), 4);
    assert_true(back.counts[1].last_ns > back.counts[0].last_ns);
    back_free(&back);
    back_remove(directory);
}

TEST(the_directory_is_private_and_so_are_its_files)
{
    const char *directory = back_directory();
    char below[128], path[256];
    struct stat status;

    snprintf(below, sizeof below, "%s/new", directory);
    recording_start(below);
    recording_add(0, "g", 1);
    assert_int_equal(fmd_snapshot(), 0);
    assert_true(fmd_trace_path(path, sizeof path) < sizeof path);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(stat(below, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    recording_stop();
    back_remove(directory);
}

TEST(a_relative_directory_stays_where_it_was_at_start)
{
    const char *directory = back_directory();
    char here[4096];

    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(directory), 0);
    recording_start("traces");
    assert_int_equal(chdir("/"), 0);
    recording_add(0, "g", 1);
    recording_stop();
    assert_int_equal(chdir(directory), 0);
    assert_int_equal(back_count_files("traces", ".fmd"), 1);
    assert_int_equal(chdir(here), 0);
    back_remove(directory);
}

/* --- segments ------------------------------------------------------------------------
 */

TEST(segments_rotate_and_each_reads_alone)
{
    const char *directory = back_directory();
    struct fmd_config config = recording_config(directory);
    char text[16];
    uint32_t endpoint;
    struct back back;

    config.segment_bytes = 4096;
    assert_int_equal(fmd_start(&config), 0);
    endpoint = fmd_endpoint("GET /");
    for (unsigned i = 0; i < 30000; i++) {
        snprintf(text, sizeof text, "customer %u", i % 50);
        recording_add(endpoint, text, 1);
        if (i % 1000 == 999)
            assert_int_equal(fmd_snapshot(), 0);
    }
    assert_int_equal(recording_stop().recorded, 30000);
    assert_true(back_count_files(directory, ".fmd") > 3);
    back = back_read(directory); /* it forgets definitions at each file */
    assert_int_equal(back.request_count, 30000);
    assert_int_equal(back.stream_count, 1);
    assert_false(back_stream(&back, 0)->gap);
    back_free(&back);
    back_remove(directory);
}

static uint64_t bytes_in(const char *directory)
{
    struct dirent *entry;
    DIR *entries = opendir(directory);
    uint64_t sum = 0;

    while ((entry = readdir(entries))) {
        struct stat status;

        if (fstatat(dirfd(entries), entry->d_name, &status, 0) == 0 &&
            S_ISREG(status.st_mode) && back_ends_with(entry->d_name, ".fmd"))
            sum += (uint64_t)status.st_size;
    }
    closedir(entries);
    return sum;
}

TEST(the_total_limit_holds_and_what_was_deleted_is_counted)
{
    const char *directory = back_directory();
    struct fmd_config config = recording_config(directory);
    struct fmd_stats stats;
    struct back back;
    char text[16];

    config.segment_bytes = 8192;
    config.total_bytes = 65536;
    assert_int_equal(fmd_start(&config), 0);
    for (unsigned i = 0; i < 40000; i++) {
        snprintf(text, sizeof text, "%u", i * 2654435761u % 1000003);
        recording_add(0, text, 1);
        if (i % 500 == 499) {
            assert_int_equal(fmd_snapshot(), 0);
            assert_true(bytes_in(directory) <= 65536);
        }
    }
    stats = recording_stop();
    assert_int_equal(stats.recorded, 40000);
    back = back_read(directory);
    assert_true(back_stream(&back, 0)->stats.segments_deleted > 0);
    assert_int_equal(back.request_count + back_stream(&back, 0)->stats.requests_deleted,
                     40000);
    back_free(&back);
    back_remove(directory);
}

TEST(more_strings_than_a_segment_may_have_all_come_back)
{
    const char *directory = back_directory();
    struct back back;
    char text[32];

    recording_start(directory);
    for (unsigned i = 0; i < 150000; i++) {
        snprintf(text, sizeof text, "visitor %u", i / 2 * 7 % 150000);
        recording_add(0, text, 1);
        if (i % 5000 == 4999)
            assert_int_equal(fmd_snapshot(), 0);
    }
    assert_int_equal(recording_stop().strings_lost, 0);
    back = back_read(directory);
    assert_int_equal(back.request_count, 150000);
    for (uint32_t i = 0; i < back.request_count; i++)
        assert_non_null(back.requests[i].group);
    assert_true(back.files > 1);
    back_free(&back);
    back_remove(directory);
}

TEST(start_and_stop_many_times_leaves_nothing_open_or_mapped)
{
    const char *directory = back_directory();
    long before = 0, pages = 0;

    for (int i = 0; i < 60; i++) {
        FILE *file;

        recording_start(directory);
        recording_add(fmd_endpoint("GET /"), "g", 1);
        recording_stop();
        file = fopen("/proc/self/statm", "r");
        assert_int_equal(fscanf(file, "%ld", &pages), 1);
        fclose(file);
        if (i == 10)
            before = pages;
    }
    assert_true(pages <= before + 256);
    assert_int_equal(back_count_files("/proc/self/fd", "9"), 0); /* no number 9 or 19 */
    back_remove(directory);
}
