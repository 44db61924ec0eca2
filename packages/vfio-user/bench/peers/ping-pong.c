// Two processes that send each other a request and a reply over a UNIX socket: what the machine can do at best.
// Usage: ping-pong REQUEST REPLY. Each line on standard input is a number of round trips; the answer is a line with
// the median and the 99th percentile of their times in microseconds.

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void transfer(int fd, char *bytes, size_t length, int sends)
{
	for (size_t done = 0; done < length;) {
		ssize_t n = sends ? send(fd, bytes + done, length - done, MSG_NOSIGNAL)
				  : recv(fd, bytes + done, length - done, 0);
		if (n == 0 || (n < 0 && errno != EINTR))
			exit(0);
		if (n > 0)
			done += n;
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	size_t request = argc > 2 ? atol(argv[1]) : 0, reply = argc > 2 ? atol(argv[2]) : 0;
	char *bytes = calloc(1, request + reply + 1);
	int fds[2];
	long count;

	if (request == 0 || reply == 0 || bytes == NULL)
		return 2;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
		return 1;
	switch (fork()) {
	case -1:
		return 1;
	case 0:
		close(fds[0]);
		for (;;) {
			transfer(fds[1], bytes, request, 0);
			transfer(fds[1], bytes, reply, 1);
		}
	}
	close(fds[1]);
	while (scanf("%ld", &count) == 1 && count > 0) {
		double *times = calloc(count, sizeof(*times));

		if (times == NULL)
			return 1;
		for (long i = 0; i < count; i++) {
			double begin = now();

			transfer(fds[0], bytes, request, 1);
			transfer(fds[0], bytes, reply, 0);
			times[i] = now() - begin;
		}
		qsort(times, count, sizeof(*times), compare);
		printf("%.3f %.3f\n", times[count / 2], times[count * 99 / 100]);
		fflush(stdout);
		free(times);
	}
	return 0;
}
